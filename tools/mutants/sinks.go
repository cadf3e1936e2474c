package main

// streams returns the mutants of what leaves for other systems.
func streams() []mutant {
	suite := func(kind string) []string { return []string{"./sinks/" + kind + " -run TestCase114"} }
	return []mutant{
		{"a key that is made of a message leaves", "access/event_catalogue.go", "maps.Clone(e.Detail), \"\"", "maps.Clone(e.Detail), e.Key", []string{"./feed/envelope -run TestCase113"}},
		{"a sink has what people wrote", "sinks/consumer.go", "Text: c.config.Text}", "Text: true}", suite("file")},
		{"what was not taken is behind the sink", "sinks/consumer.go", "\treturn err\n}\n\n// Send is a Sender", "\t_ = err\n\treturn nil\n}\n\n// Send implements Sender", suite("file")},
		{"nobody hears of a sink that is behind", "sinks/watch.go", "case c.NextAt != nil && now", "case c.NextAt != nil && false && now", []string{"./sinks -run TestCase114"}},
		{"half a line stays in the file", "sinks/file/file.go", "if err != nil || whole == mine.Size() {", "if true {", suite("file")},
		{"a file that was renamed is written on", "sinks/file/file.go", "err == nil && !os.SameFile(mine, now)", "false", suite("file")},
		{"what a syslog receiver has not read counts as read", "sinks/syslog/syslog.go", "if _, err := io.Copy(io.Discard, conn); err != nil {", "if _, err := io.Copy(io.Discard, conn); err != nil && false {", suite("syslog")},
		{"syslog cuts off what is too long", "sinks/syslog/syslog.go", "if len(text) > s.most {", "if false {", []string{"./sinks/syslog -run TestTooLong"}},
		{"anybody is the syslog receiver", "sinks/syslog/config.go", "tls.Config{MinVersion", "tls.Config{InsecureSkipVerify: true, MinVersion", []string{"./sinks/syslog -run TestCase115"}},
		{"what Splunk has received counts as indexed", "sinks/splunk/splunk.go", "if reply.Acks[strconv.FormatInt(id, 10)] {", "if true {", suite("splunk")},
		{"a token without acknowledgement is used", "sinks/splunk/splunk.go", "if reply.AckID == nil {", "if reply.AckID == nil && false {", []string{"./sinks/splunk -run TestWithoutAck"}},
		{"a document that was refused counts as taken", "sinks/elastic/elastic.go", "is.Status != http.StatusConflict {", "false {", suite("elastic")},
		{"a record that was rejected counts as taken", "sinks/otlp/otlp.go", "GetRejectedLogRecords(); n != 0 {", "GetRejectedLogRecords(); n < 0 {", suite("otlp")},
		{"a batch is archived that no checkpoint covers", "sinks/s3/s3.go", "if err == nil && size >= seq {", "if err == nil {", []string{"./sinks/s3 -run TestCase114NoCheckpoint"}},
		{"an archive can be deleted", "sinks/s3/s3.go", ", ObjectLockMode: s.mode, ObjectLockRetainUntilDate: aws.Time(s.now().UTC().AddDate(0, 0, s.config.Lock.Days))", "", []string{"./sinks/s3 -run TestLocked"}},
		{"anybody's checkpoint is kept beside events", "sinks/consumer.go", "c, err := servers.VerifyCheckpoint(signed)", "c, err := evidence.ReadCheckpoint(signed)", []string{"./sinks -run TestCase114ForgedCheckpoint"}},
	}
}
