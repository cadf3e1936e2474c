package awsiam

import (
	"regexp"
	"slices"
	"strings"

	"ramp.dev/ramp/access"
)

// part is some actions on some resources, under conditions.
type part struct {
	sid                string
	actions, resources []string
	condition          map[string]map[string]any // beside the end
}

// Kinds of access to what a contract names by bucket and prefix, or by key.
const (
	accessRead   = "read"   // objects are listed and read; what a key encrypted is decrypted
	accessWrite  = "write"  // and written; a key encrypts, too
	accessDelete = "delete" // and deleted
	accessSign   = "sign"   // by a key
)

var (
	bucketShape = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
	// A prefix ends with a slash: orders would be orders-of-others, too.
	prefixShape = regexp.MustCompile(`^[A-Za-z0-9_.:=+,@#!()~-][A-Za-z0-9_.:/=+,@#!()~-]{0,700}/$`)
	keyShape    = regexp.MustCompile(`^arn:[a-z-]+:kms:([a-z0-9-]+):[0-9]{12}:key/[A-Za-z0-9-]{1,64}$`)
)

// named reports whether a contract names a bucket or a key, for which the target knows
// the actions.
func (w written) named() bool {
	return w.Bucket != "" || w.Prefix != "" || w.Key != "" || w.Access != ""
}

// checkNamed returns everything that is wrong with an entitlement that names a bucket
// or a key.
func (c Config) checkNamed(w written) (issues access.Issues) {
	require := issues.Require
	require(w.Actions == nil && w.Resources == nil, "entitlement_mixed", "actions", "actions and resources are either written out, or follow from bucket, prefix, key and access")
	require(w.Bucket != "" || w.Key != "", "bucket_missing", "bucket", "a bucket, a key or both are needed")
	require(w.Bucket == "" || bucketShape.MatchString(w.Bucket), "bucket_malformed", "bucket", "%q is not the name of a bucket", access.Clip(w.Bucket, 80))
	require((w.Bucket == "") == (w.Prefix == ""), "prefix_missing", "prefix", "a bucket and a prefix come together; for a whole bucket, write out actions and resources")
	require(w.Prefix == "" || prefixShape.MatchString(w.Prefix), "prefix_malformed", "prefix", "%q is not a prefix that ends with /, without wildcards, such as 2026/eu/", access.Clip(w.Prefix, 80))
	require(w.Key == "" || keyShape.MatchString(w.Key) && strings.HasPrefix(w.Key, "arn:"+c.Partition+":"), "key_malformed", "key", "%q is not the ARN of a KMS key of partition %s", access.Clip(w.Key, 80), c.Partition)
	kinds := []string{accessRead, accessWrite, accessDelete}
	if w.Bucket == "" {
		kinds = []string{accessRead, accessWrite, accessSign}
	}
	require(slices.Contains(kinds, w.Access), "access_unknown", "access", "%q is not one of %s", access.Clip(w.Access, 40), strings.Join(kinds, ", "))
	return issues
}

// partsOf returns what an entitlement that names a bucket or a key means.
func (c Config) partsOf(w written) (parts []part) {
	if w.Bucket != "" {
		bucket := "arn:" + c.Partition + ":s3:::" + w.Bucket
		parts = append(parts,
			part{"RampObjects", objectActions(w.Access), []string{bucket + "/" + w.Prefix + "*"}, c.ours()},
			part{"RampList", []string{"s3:ListBucket"}, []string{bucket}, c.ours("StringLike", "s3:prefix", w.Prefix+"*")})
	}
	if w.Key != "" {
		p := part{sid: "RampKey", actions: keyActions(w.Access, w.Bucket == ""), resources: []string{w.Key}}
		if w.Bucket != "" {
			// What else the key encrypts is no concern of somebody who reads a bucket.
			p.condition = map[string]map[string]any{"StringEquals": {"kms:ViaService": "s3." + keyShape.FindStringSubmatch(w.Key)[1] + "." + c.domain()}}
		}
		parts = append(parts, p)
	}
	return parts
}

func objectActions(kind string) []string {
	out := []string{"s3:GetObject"}
	if kind != accessRead {
		out = append(out, "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts", "s3:PutObject")
	}
	if kind == accessDelete {
		out = append(out, "s3:DeleteObject") // versions stay
	}
	slices.Sort(out)
	return out
}

// keyActions never has kms:CreateGrant: what that gives outlives the role.
func keyActions(kind string, alone bool) (out []string) {
	switch kind {
	case accessSign:
		out = []string{"kms:GetPublicKey", "kms:Sign"}
	case accessRead:
		out = []string{"kms:Decrypt"}
	default:
		out = []string{"kms:Decrypt", "kms:GenerateDataKey"}
		if alone {
			out = append(out, "kms:Encrypt")
		}
	}
	if alone {
		out = append(out, "kms:DescribeKey")
	}
	slices.Sort(out)
	return out
}

// ours returns the condition that a bucket is one of the account: its ARN does not say,
// and a name that is free again may be anybody's. More is one more condition: operator,
// key and value.
func (c Config) ours(more ...string) map[string]map[string]any {
	out := map[string]map[string]any{"StringEquals": {"aws:ResourceAccount": c.Account}}
	if len(more) == 3 {
		out[more[0]] = map[string]any{more[1]: more[2]}
	}
	return out
}

// domain returns the domain of the partition's services.
func (c Config) domain() string {
	if c.Partition == "aws-cn" {
		return "amazonaws.com.cn"
	}
	return "amazonaws.com"
}

// summaryOf is what approvers read of an entitlement that names a bucket or a key.
func summaryOf(w written) string {
	switch {
	case w.Key == "":
		return w.Access + " s3://" + w.Bucket + "/" + w.Prefix
	case w.Bucket == "":
		return w.Access + " with the key " + w.Key
	}
	return w.Access + " s3://" + w.Bucket + "/" + w.Prefix + ", encrypted with the key " + w.Key
}
