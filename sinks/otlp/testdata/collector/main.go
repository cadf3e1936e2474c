// Command collector is the OpenTelemetry collector's own receiver of OTLP over gRPC, which
// Ramp's tests send events to. It appends the body of each record to a file, one a line,
// before it confirms; while the file's name with .full exists, its disk is full. It serves
// until its standard input ends.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"
)

func main() {
	address := flag.String("listen", "127.0.0.1:0", "address to listen on")
	file := flag.String("file", "", "file that records are appended to")
	flag.Parse()
	if err := serve(context.Background(), *address, *file); err != nil {
		log.Fatal(err)
	}
}

func serve(ctx context.Context, address, file string) error {
	factory := otlpreceiver.NewFactory()
	config := factory.CreateDefaultConfig()
	own := confmap.NewFromStringMap(map[string]any{"protocols": map[string]any{"grpc": map[string]any{"endpoint": address}}})
	if err := own.Unmarshal(config); err != nil {
		return err
	}
	records, err := consumer.NewLogs(func(_ context.Context, batch plog.Logs) error { return write(file, batch) })
	if err != nil {
		return err
	}
	r, err := factory.CreateLogs(ctx, receiver.Settings{ID: component.NewID(factory.Type()), TelemetrySettings: componenttest.NewNopTelemetrySettings(), BuildInfo: component.NewDefaultBuildInfo()}, config, records)
	if err != nil {
		return err
	}
	if err := r.Start(ctx, componenttest.NewNopHost()); err != nil {
		return err
	}
	fmt.Println("listening")
	_, _ = io.Copy(io.Discard, os.Stdin) // whoever started it is gone
	return r.Shutdown(ctx)
}

// write appends a batch, all of it or nothing.
func write(file string, batch plog.Logs) error {
	if _, err := os.Stat(file + ".full"); err == nil {
		return errors.New("no space left on device")
	}
	var lines bytes.Buffer
	for _, resource := range batch.ResourceLogs().All() {
		for _, scope := range resource.ScopeLogs().All() {
			for _, record := range scope.LogRecords().All() {
				fmt.Fprintln(&lines, record.Body().Str())
			}
		}
	}
	f, err := os.OpenFile(file, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(lines.Bytes())
	return errors.Join(err, f.Sync(), f.Close())
}
