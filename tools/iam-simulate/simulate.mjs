// Evaluates IAM policies as AWS would at a given time. Reads one JSON question
// a line from stdin and writes one JSON answer a line, in order, so that a test
// pays for starting node once:
//
//   {"at": "2026-01-02T03:04:05Z", "principal": ARN, "action": "s3:GetObject",
//    "resource": ARN, "account": "123456789012", "context": {key: value},
//    "identity": [policy], "resourcePolicy": policy, "boundary": policy,
//    "organization": [policy]}   service control policies, beside one that allows everything
//
//   {"result": "Allowed" | "ImplicitlyDenied" | "ExplicitlyDenied"}
//   {"error": "why the question makes no sense"}
import { createInterface } from 'node:readline'
import { runSimulation } from '@cloud-copilot/iam-simulate'

// Without organization policies every account may do everything.
const full = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] }

const named = policies => policies.map((policy, i) => ({ name: `policy-${i}`, policy }))

async function answer(line) {
  const q = JSON.parse(line)
  if (Number.isNaN(Date.parse(q.at))) throw new Error(`"at" is no time: ${q.at}`)
  const simulation = {
    request: {
      principal: q.principal,
      action: q.action,
      resource: { resource: q.resource, accountId: q.account },
      contextVariables: { ...q.context, 'aws:CurrentTime': q.at, 'aws:EpochTime': String(Math.floor(Date.parse(q.at) / 1000)) },
    },
    identityPolicies: named(q.identity ?? []),
    serviceControlPolicies: [{ orgIdentifier: 'root', policies: [{ name: 'full', policy: full }, ...named(q.organization ?? [])] }],
    resourceControlPolicies: [],
  }
  if (q.resourcePolicy) simulation.resourcePolicy = q.resourcePolicy
  if (q.boundary) simulation.permissionBoundaryPolicies = named([q.boundary])
  const out = await runSimulation(simulation, { simulationMode: 'Strict' })
  if (out.resultType === 'error') throw new Error(JSON.stringify(out.errors))
  return { result: out.overallResult }
}

for await (const line of createInterface({ input: process.stdin })) {
  if (line.trim() === '') continue
  let out
  try {
    out = await answer(line)
  } catch (err) {
    out = { error: String(err?.message ?? err) }
  }
  process.stdout.write(JSON.stringify(out) + '\n')
}
