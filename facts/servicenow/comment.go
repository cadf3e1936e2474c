package servicenow

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"ramp.dev/ramp/access"
)

// Comment implements source.Commenter: a work note, which the caller of an incident does
// not see. Notes are rows of sys_journal_field, in which the mark is looked for.
func (s *ServiceNow) Comment(ctx context.Context, key, mark, text string) error {
	if !numberForm.MatchString(key) {
		return access.Errorf(access.CodeNotFound, "%q is no number of a record", access.Clip(key, 40))
	}
	records, err := s.records(ctx, s.table, "number="+key, "sys_id,number,sys_class_name", 2)
	if err != nil {
		return err
	}
	if len(records) == 0 {
		return access.Errorf(access.CodeNotFound, "ServiceNow has no record %s, or Ramp's user may not see it", key)
	}
	r := records[0]
	if len(records) != 1 || r.Number != key || !idForm.MatchString(r.ID) || !tableForm.MatchString(r.Class) {
		return s.Unexpected("one record of the number that was asked for")
	}
	if there, err := s.noted(ctx, r.ID, mark); err != nil || there {
		return err
	}
	var made struct {
		Result *struct {
			ID string `json:"sys_id"`
		} `json:"result"`
	}
	found, err := s.Send(ctx, http.MethodPatch, "/api/now/table/"+r.Class+"/"+r.ID+"?sysparm_fields=sys_id", map[string]string{"work_notes": note(text, mark)}, &made)
	switch {
	case err != nil:
		return err
	case !found || made.Result == nil || made.Result.ID != r.ID:
		return s.Unexpected("the record that was changed")
	}
	// A field that the user may not write is left out without an error.
	there, err := s.noted(ctx, r.ID, mark)
	if err == nil && !there {
		err = access.Errorf(access.CodeForbidden, "ServiceNow took no work note from Ramp's user on %s", key)
	}
	return err
}

// noted reports whether a record has a work note with the mark.
func (s *ServiceNow) noted(ctx context.Context, id, mark string) (bool, error) {
	var notes struct {
		Result *[]struct {
			ID string `json:"element_id"`
		} `json:"result"`
	}
	query := url.Values{"sysparm_query": {"element_id=" + id + "^element=work_notes^valueLIKE" + mark}, "sysparm_fields": {"element_id"}, "sysparm_limit": {"1"}}
	found, err := s.Get(ctx, "/api/now/table/sys_journal_field?"+query.Encode(), &notes)
	if err != nil || !found {
		return false, err
	}
	if notes.Result == nil {
		return false, s.Unexpected("a result")
	}
	return len(*notes.Result) == 1 && (*notes.Result)[0].ID == id, nil
}

// note returns the text as ServiceNow shows it: what stands within code tags is HTML there.
func note(text, mark string) string {
	return strings.NewReplacer("[", "(", "]", ")").Replace(text) + "\n" + mark
}

// PingComments implements source.Commenter. That the user may write notes shows only once
// one is written.
func (s *ServiceNow) PingComments(ctx context.Context) error {
	if err := s.Ping(ctx); err != nil {
		return err
	}
	var notes struct {
		Result *[]struct{} `json:"result"`
	}
	found, err := s.Get(ctx, "/api/now/table/sys_journal_field?sysparm_limit=1&sysparm_fields=element_id", &notes)
	if err == nil && (!found || notes.Result == nil) {
		err = access.Errorf(access.CodeForbidden, "ServiceNow does not show Ramp's user sys_journal_field, in which it looks whether a note is there already")
	}
	return err
}
