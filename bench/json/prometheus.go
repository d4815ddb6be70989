// What Prometheus' own encoder needs for a range answer: the same values as json_bench.cc, ns a byte.
package main

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"strconv"
	"syscall"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	v1 "github.com/prometheus/prometheus/web/api/v1"
)

const (
	seriesCount = 100
	steps       = 720
	rounds      = 100
)

func cpuSeconds() float64 {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		panic(err)
	}
	seconds := func(t syscall.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)/1e6 }
	return seconds(used.Utime) + seconds(used.Stime)
}

// A linear congruential generator, as in json_bench.cc: its upper 53 bits as a number in [0, 1).
type numbers struct{ state uint64 }

func (n *numbers) next() float64 {
	n.state = n.state*6364136223846793005 + 1442695040888963407
	return float64(n.state>>11) / (1 << 53)
}

func main() {
	runtime.GOMAXPROCS(1)
	shapes := []struct {
		name  string
		value func(uniform float64) float64
	}{
		{"17 digits", func(u float64) float64 { return 1000 * u }},
		{"2 decimals", func(u float64) float64 { return math.Floor(1e7*u) / 100 }},
		{"integers", func(u float64) float64 { return math.Floor(1e8 * u) }},
	}
	for _, shape := range shapes {
		var matrix promql.Matrix
		random := numbers{1}
		for i := 0; i < seriesCount; i++ {
			points := make([]promql.FPoint, steps)
			for s := range points {
				points[s] = promql.FPoint{T: 1700000000000 + int64(s)*15000, F: shape.value(random.next())}
			}
			matrix = append(matrix, promql.Series{
				Metric: labels.FromStrings("__name__", "node_cpu_seconds_total", "cpu", strconv.Itoa(i), "instance", "host-00001:9100", "job", "node"),
				Floats: points,
			})
		}
		answer := &v1.Response{Status: "success", Data: &v1.QueryData{ResultType: parser.ValueTypeMatrix, Result: matrix}}
		size := 0
		used := cpuSeconds()
		for i := 0; i < rounds; i++ {
			bytes, err := v1.JSONCodec{}.Encode(answer)
			if err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
			size = len(bytes)
		}
		used = cpuSeconds() - used
		fmt.Printf("{\"shape\": %q, \"bytes\": %d, \"ns_per_byte\": %.4f}\n", shape.name, size, used*1e9/rounds/float64(size))
	}
}
