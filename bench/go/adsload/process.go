package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// process is a process id, with all its children; 0 is none.
type process int

// usage is what they have used so far: CPU in seconds, memory in MiB.
type usage struct {
	cpu, resident, peak float64
}

// ticks per second of /proc/PID/stat (USER_HZ).
const ticks = 100

func (p process) usage() usage {
	var sum usage
	if p == 0 {
		return sum
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p))
	if err != nil {
		return sum
	}
	// The program's name, in brackets, may have spaces in it.
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	sum.cpu = (number(fields[11]) + number(fields[12])) / ticks
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", p))
	for line := range strings.Lines(string(status)) {
		name, value, _ := strings.Cut(line, ":")
		switch name {
		case "VmRSS":
			sum.resident = number(strings.Fields(value)[0]) / 1024
		case "VmHWM":
			sum.peak = number(strings.Fields(value)[0]) / 1024
		}
	}
	for _, child := range p.children() {
		u := child.usage()
		sum = usage{cpu: sum.cpu + u.cpu, resident: sum.resident + u.resident, peak: sum.peak + u.peak}
	}
	return sum
}

func (p process) children() []process {
	var found []process
	tasks, _ := os.ReadDir(fmt.Sprintf("/proc/%d/task", p))
	for _, task := range tasks {
		text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/children", p, task.Name()))
		for _, word := range strings.Fields(string(text)) {
			found = append(found, process(number(word)))
		}
	}
	return found
}

func number(text string) float64 {
	value, _ := strconv.ParseFloat(text, 64)
	return value
}
