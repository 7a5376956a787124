package main

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// pause is the quiet time between two changes, after all proxies have the first.
const pause = 500 * time.Millisecond

// change is one changed endpoint on its way to all proxies.
type change struct {
	number int
	marker []byte
	round  *round
}

func (c *change) seen(proxy int, at time.Time) { c.round.reached(proxy, at) }

// changes triggers changes one after the other. The clock of each runs from before its trigger.
func (f *fleet) changes(count int) (changesReport, error) {
	// What the first wait has left behind must not be counted.
	time.Sleep(2 * time.Second)
	report := changesReport{Changes: count}
	before := f.reading()
	var all, last []float64
	for range count {
		f.changed++
		marker := fmt.Sprintf("10.250.%d.%d", f.changed/250, f.changed%250+1)
		c := &change{number: f.changed, marker: markerBytes(marker), round: newRound(len(f.proxies))}
		f.change.Store(c)
		began := time.Now()
		if err := f.trigger(f.changed, marker); err != nil {
			return report, fmt.Errorf("change %d: %w", f.changed, err)
		}
		select {
		case <-c.round.done:
		case <-time.After(patience):
		}
		took := c.round.since(began)
		report.Missed += len(f.proxies) - len(took)
		all = append(all, took...)
		last = append(last, distributionOf(took).Max)
		time.Sleep(pause)
	}
	f.change.Store(nil)
	after := f.reading()
	report.ChangeMs, report.LastMs = distributionOf(all), distributionOf(last)
	report.Usage = usageBetween(before, after)
	report.CPUPerChange = round3(report.Usage.CPU / float64(count))
	report.BytesPerProxy = (after.bytes - before.bytes) / int64(count*len(f.proxies))
	report.Failures = f.failures.Load()
	return report, nil
}

// trigger makes the server change an endpoint to the marker's address.
func (f *fleet) trigger(number int, marker string) error {
	if f.triggerURL != "" {
		fill := strings.NewReplacer("{service}", strconv.Itoa(number), "{marker}", url.QueryEscape(marker))
		response, err := http.Post(fill.Replace(f.triggerURL), "text/plain", nil)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("the server answered %s", response.Status)
		}
		return nil
	}
	files, err := os.ReadDir(f.triggerFiles)
	if err != nil {
		return err
	}
	name := files[number%len(files)].Name()
	text, err := os.ReadFile(filepath.Join(f.triggerFiles, name))
	if err != nil {
		return err
	}
	// A rename puts the whole file in the place of the other: a reader sees one or the other.
	draft := strings.TrimSuffix(f.targetFolder, "/") + ".draft"
	if err := os.WriteFile(draft, []byte(strings.ReplaceAll(string(text), "{marker}", marker)), 0o644); err != nil {
		return err
	}
	return os.Rename(draft, filepath.Join(f.targetFolder, name))
}
