package main

import "ramp.dev/ramp/review"

// floors are what the findings of the test's year, seed 14, reached when they were written
// down, rounded down.
var floors = map[review.Kind]floor{
	review.ApprovalPair:  {precision: 0.8, recall: 1.0},
	review.ApproversIdle: {precision: 1.0, recall: 1.0},
	review.AutoUncapped:  {precision: 1.0, recall: 1.0},
	review.ContractIdle:  {precision: 1.0, recall: 1.0},
	review.CopiedReason:  {precision: 1.0, recall: 1.0},
	review.Denials:       {precision: 1.0, recall: 1.0},
	review.Drift:         {precision: 1.0, recall: 1.0},
	review.FastApproval:  {precision: 1.0, recall: 1.0},
	review.FirstTime:     {precision: 0.75, recall: 1.0},
	review.GlassReview:   {precision: 1.0, recall: 1.0},
	review.GroupIdle:     {precision: 1.0, recall: 1.0},
	review.HeldLong:      {precision: 1.0, recall: 1.0},
	review.LittleUsed:    {precision: 1.0, recall: 1.0},
	review.MaxTooLong:    {precision: 1.0, recall: 1.0},
	review.NeverUsed:     {precision: 0.66, recall: 1.0},
	review.OffHours:      {precision: 0.3, recall: 1.0},
	review.OneApprover:   {precision: 1.0, recall: 1.0},
	review.Overdue:       {precision: 1.0, recall: 1.0},
	review.Refusals:      {precision: 1.0, recall: 1.0},
	review.Unusual:       {precision: 0.83, recall: 1.0},
	review.ValueIdle:     {precision: 1.0, recall: 1.0},
}
