package main

import (
	"math"
	"slices"
)

// distribution sums up measured values.
type distribution struct {
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

func distributionOf(values []float64) distribution {
	if len(values) == 0 {
		return distribution{}
	}
	sorted := slices.Sorted(slices.Values(values))
	rank := func(share float64) float64 {
		index := int(math.Ceil(share*float64(len(sorted)))) - 1
		return round3(sorted[max(0, index)])
	}
	return distribution{P50: rank(0.5), P99: rank(0.99), Max: rank(1)}
}

func round3(x float64) float64 { return math.Round(x*1000) / 1000 }

// syncReport says how all proxies came to be in sync.
type syncReport struct {
	Proxies int `json:"proxies"`
	// InSync is smaller than Proxies where patience ended before.
	InSync   int          `json:"inSync"`
	SyncMs   distribution `json:"syncMs"`
	Usage    usageReport  `json:"server"`
	Bytes    int64        `json:"bytes"`
	Messages int64        `json:"messages"`
	// Failures counts streams that ended though the server was not expected to go.
	Failures  int64   `json:"failures"`
	FirstFail *string `json:"firstFailure,omitempty"`
}

// changesReport says how changes reached all proxies.
type changesReport struct {
	Changes int `json:"changes"`
	// Missed counts proxies that never had a change, over all changes.
	Missed int `json:"missed"`
	// ChangeMs is over all proxies and changes, LastMs over the last proxy of each change.
	ChangeMs      distribution `json:"changeMs"`
	LastMs        distribution `json:"lastMs"`
	Usage         usageReport  `json:"server"`
	CPUPerChange  float64      `json:"cpuPerChange"`
	BytesPerProxy int64        `json:"bytesPerProxy"`
	Failures      int64        `json:"failures"`
}

type stormReport struct {
	Expecting bool `json:"expecting"`
}

// usageReport is what the server has used.
type usageReport struct {
	// CPU is in seconds, over the time that the report is about.
	CPU float64 `json:"cpu"`
	// Memory is resident, in MiB, at the end; Peak is the most since the process began.
	Memory float64 `json:"memory"`
	Peak   float64 `json:"peak"`
}

// reading is a moment's state of all counters.
type reading struct {
	usage           usage
	bytes, messages int64
}

func (f *fleet) reading() reading {
	return reading{usage: f.server.usage(), bytes: f.bytes.Load(), messages: f.messages.Load()}
}

func usageBetween(before, after reading) usageReport {
	return usageReport{
		CPU:    round3(after.usage.cpu - before.usage.cpu),
		Memory: round3(after.usage.resident),
		Peak:   round3(after.usage.peak),
	}
}
