package main

// streams returns the mutants of what leaves for other systems, witnesses among them.
func streams() []mutant {
	suite := func(kind, part string) []string {
		return []string{"./sinks/" + kind + " -run TestCase114EverythingInOrderOnce/" + part}
	}
	return append(witnesses(), []mutant{
		{"a key that is made of a message leaves", "access/event_catalogue.go", "maps.Clone(e.Detail), \"\"", "maps.Clone(e.Detail), e.Key", []string{"./feed/envelope -run TestCase113"}},
		{"a sink has what people wrote", "sinks/consumer.go", "Text: c.config.Text}", "Text: true}", suite("file", "Resend")},
		{"what was not taken is behind the sink", "sinks/consumer.go", "\treturn err\n}\n\n// Send is a Sender", "\t_ = err\n\treturn nil\n}\n\n// Send is a Sender", suite("file", "FolderIsGone")},
		{"nobody hears of a sink that is behind", "sinks/watch.go", "case c.NextAt != nil && now", "case c.NextAt != nil && false && now", []string{"./sinks -run TestCase114"}},
		{"an error repeats the credentials that a proxy repeats", "sinks/poster/poster.go", "response = without(response, req.Header.Get(\"Authorization\"))", "_ = without", []string{"./sinks/poster -run TestErrors"}},
		{"half a line stays in the file", "sinks/file/file.go", "if err != nil || whole == mine.Size() {", "if true {", suite("file", "AWriterDied")},
		{"a syslog receiver that was killed has written everything", "sinks/syslog/syslog.go", "if !below.endsWithAlert(conn.ConnectionState().Version) {", "if false {", []string{"./sinks/syslog -run TestCase114ReceiverEnds"}},
		{"a syslog receiver that is stopped has read everything", "sinks/syslog/syslog.go", "if _, err := io.Copy(io.Discard, below.Conn); err != nil {", "if _, err := io.Copy(io.Discard, below.Conn); err != nil && false {", []string{"./sinks/syslog -run TestCase114ReceiverEnds"}},
		{"syslog cuts off what is too long", "sinks/syslog/syslog.go", "if len(text) > s.most {", "if false {", []string{"./sinks/syslog -run TestTooLong"}},
		{"anybody is the syslog receiver", "sinks/syslog/config.go", "tls.Config{MinVersion", "tls.Config{InsecureSkipVerify: true, MinVersion", []string{"./sinks/syslog -run TestCase115"}},
		{"what Splunk has received counts as indexed", "sinks/splunk/splunk.go", "if reply.Acks[strconv.FormatInt(id, 10)] {", "if true {", suite("splunk", "DiskIsFull")},
		{"a token without acknowledgement is used", "sinks/splunk/splunk.go", "if reply.AckID == nil {", "if reply.AckID == nil && false {", []string{"./sinks/splunk -run TestWithoutAck"}},
		{"a document that was refused counts as taken", "sinks/elastic/elastic.go", "is.Status != http.StatusConflict {", "false {", suite("elastic", "DiskIsFull")},
		{"a record that was rejected counts as taken", "sinks/otlp/otlp.go", "GetRejectedLogRecords(); n != 0 {", "GetRejectedLogRecords(); n < 0 {", suite("otlp", "RecordsAreRejected")},
		{"a batch is archived that no checkpoint covers", "sinks/s3/s3.go", "if err == nil && size >= seq {", "if err == nil && (size >= seq || true) {", []string{"./sinks/s3 -run TestCase114NoCheckpoint"}},
		{"an archive can be deleted", "sinks/s3/s3.go", ", ObjectLockMode: s.mode, ObjectLockRetainUntilDate: aws.Time(s.now().UTC().AddDate(0, 0, s.config.Lock.Days))", ", Expires: aws.Time(s.now())", []string{"./sinks/s3 -run TestLocked"}},
		{"anybody's checkpoint is kept beside events", "sinks/consumer.go", "c, err := servers.VerifyCheckpoint(signed)", "c, err := evidence.ReadCheckpoint(signed)", []string{"./sinks -run TestCase114ForgedCheckpoint"}},
		{"the address of a SIEM is shown", "internal/neterror/neterror.go", "text != err.Error() {", "text == \"\" {", []string{"./internal/neterror"}},
		{"a sink with which nobody began is no alarm", "sinks/watch.go", "case !begun && now.Sub(w.Since) > most:", "case !begun && most < 0:", []string{"./sinks -run SinkBehindIsAnAlarm"}},
		{"a file without a certificate trusts the system's authorities", "config/field/authorities.go", "if !pool.AppendCertsFromPEM(pem) {", "if !pool.AppendCertsFromPEM(pem) && pool == nil {", []string{"./config/field -run TestAuthorities"}},
		{"a shift that is over says who is on call", "notices/oncall.go", "until != nil && !c.now().Before(*until)", "until != nil && c.now().IsZero()", []string{"./notices -run TestShiftIsOver"}},
	}...)
}
