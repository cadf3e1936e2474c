package worker

import (
	"context"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/activities"
	"ramp.dev/ramp/activities/api"
	"ramp.dev/ramp/directorysync"
	"ramp.dev/ramp/feed"
	"ramp.dev/ramp/workflows"
)

const defaultReconcile = 30 * time.Second

func (c ReconcileConfig) every() (time.Duration, error) {
	switch every := c.Every.Std(); {
	case every == 0:
		return defaultReconcile, nil
	case every < time.Second:
		return 0, access.Errorf(access.CodeInvalid, "worker.reconcile.every: a second is the least")
	default:
		return every, nil
	}
}

// controlJobs is the table of what a worker with control does beside requests.
func controlJobs(r *activities.Reconciler, every time.Duration, f *feed.Feed, directory *directorysync.Sync) jobs {
	return jobs{
		retired: []string{workflows.ReconcileID("")},
		standing: []StandingJob{
			{ID: workflows.ReconcileID(""), Activity: api.ReconcileRequests, Queue: workflows.ControlQueue,
				Summary: "reconcile: requests that no workflow will end", AtStart: true, Work: r.Requests(every)},
			{ID: "ramp-directory-sync", Activity: api.SyncDirectory, Queue: workflows.ControlQueue,
				Summary: "directory: end requests of people who left, recount approvals", AtStart: true,
				Work: func(ctx context.Context, report func(string)) error {
					directory.Run(ctx, f, report)
					return nil
				}},
		},
	}
}

// targetJobs is the table of what a worker does for one target beside requests.
func targetJobs(target string, r *activities.Reconciler, every time.Duration) jobs {
	return jobs{
		retired: []string{workflows.ReconcileID(target)},
		standing: []StandingJob{
			{ID: workflows.ReconcileID(target), Activity: api.ReconcileTarget, Queue: workflows.TargetQueue(target),
				Summary: "reconcile " + target + " with the ledger and the workflows", AtStart: true, Work: r.Target(target, every)},
		},
	}
}

func (j *jobs) add(more jobs) {
	j.standing = append(j.standing, more.standing...)
	j.scheduled = append(j.scheduled, more.scheduled...)
	j.retired = append(j.retired, more.retired...)
}

// on returns the standing jobs whose activities run on a queue.
func (j jobs) on(queue string) (out []StandingJob) {
	for _, s := range j.standing {
		if s.Queue == queue {
			out = append(out, s)
		}
	}
	return out
}
