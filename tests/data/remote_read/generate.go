// Makes chunks.txt: series and the chunks that Prometheus' own encoders make of them.
//
//	go mod init generate && go get github.com/prometheus/prometheus@v0.316.0 && go mod tidy && go run generate.go > chunks.txt
//
// Lines: "xor" or "hist" or "fhist", then samples, then "= HEX". A float sample is TIME:BITS. A histogram is
// TIME:HINT:SCHEMA:ZEROTHRESHOLD:ZEROCOUNT:COUNT:SUM:SPANS:SPANS:BUCKETS:BUCKETS:BOUNDS with lists separated by commas, doubles as
// hexadecimal bits.
package main

import (
	"fmt"
	"math"
	"math/rand"
	"strings"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
)

var random = rand.New(rand.NewSource(42))

func bits(v float64) string { return fmt.Sprintf("%x", math.Float64bits(v)) }

func spans(list []histogram.Span) string {
	parts := []string{}
	for _, s := range list {
		parts = append(parts, fmt.Sprintf("%d/%d", s.Offset, s.Length))
	}
	return strings.Join(parts, ",")
}

func doubles(list []float64) string {
	parts := []string{}
	for _, v := range list {
		parts = append(parts, bits(v))
	}
	return strings.Join(parts, ",")
}

func integers(list []int64) string {
	parts := []string{}
	for _, v := range list {
		parts = append(parts, fmt.Sprint(v))
	}
	return strings.Join(parts, ",")
}

func value(kind int, i int, previous float64) float64 {
	switch kind {
	case 0:
		return 42
	case 1:
		return previous + float64(random.Intn(100))
	case 2:
		return random.NormFloat64()
	case 3:
		return math.Float64frombits(random.Uint64())
	default:
		return float64(random.Intn(3))
	}
}

func xor(kind int) {
	chunk := chunkenc.NewXORChunk()
	appender, _ := chunk.Appender()
	count := 1 + random.Intn(120)
	t, v := int64(random.Intn(2000000)-1000000), 0.0
	line := []string{"xor"}
	for i := 0; i < count; i++ {
		v = value(kind, i, v)
		appender.Append(0, t, v)
		line = append(line, fmt.Sprintf("%d:%s", t, bits(v)))
		switch random.Intn(20) {
		case 0:
			t += int64(random.Intn(1 << 40))
		case 1:
			t += int64(random.Intn(100000)) + 1
		default:
			t += 15000 + int64(random.Intn(3))
		}
	}
	fmt.Println(strings.Join(line, " "), "=", fmt.Sprintf("%x", chunk.Bytes()))
}

func layout() (pos, neg []histogram.Span, buckets [2]int) {
	make1 := func() ([]histogram.Span, int) {
		list, n := []histogram.Span{}, 0
		for i := 0; i < random.Intn(4); i++ {
			length := uint32(1 + random.Intn(5))
			list = append(list, histogram.Span{Offset: int32(random.Intn(7)), Length: length})
			n += int(length)
		}
		return list, n
	}
	pos, buckets[0] = make1()
	neg, buckets[1] = make1()
	return
}

func hist(float bool, custom bool) {
	hints := []histogram.CounterResetHint{histogram.UnknownCounterReset, histogram.CounterReset, histogram.GaugeType}
	hint := hints[random.Intn(3)]
	pos, neg, n := layout()
	schema := int32(random.Intn(13) - 4)
	thresholds := []float64{0, 1e-128, 0.5, 0.001, math.Ldexp(0.5, -100)}
	threshold := thresholds[random.Intn(len(thresholds))]
	var bounds []float64
	if custom {
		schema, threshold, neg, n[1] = -53, 0, nil, 0
		pos = []histogram.Span{{Offset: 0, Length: 4}}
		n[0] = 4
		bounds = []float64{0.005, 0.1, 33554.43, 40000.5}
	}
	absolute := [2][]int64{make([]int64, n[0]), make([]int64, n[1])}
	count := 1 + random.Intn(30)
	t := int64(random.Intn(1000000))
	zero, sum := int64(0), 0.0
	var chunk chunkenc.Chunk
	line := []string{"hist"}
	if float {
		line = []string{"fhist"}
		chunk = chunkenc.NewFloatHistogramChunk()
	} else {
		chunk = chunkenc.NewHistogramChunk()
	}
	appender, _ := chunk.Appender()
	for i := 0; i < count; i++ {
		total := int64(0)
		for side := range absolute {
			for b := range absolute[side] {
				absolute[side][b] += int64(random.Intn(50))
				total += absolute[side][b]
			}
		}
		if !custom {
			zero += int64(random.Intn(4))
		}
		total += zero
		sum += random.Float64() * 10
		nowHint := hint
		if i > 0 && hint != histogram.GaugeType {
			nowHint = histogram.NotCounterReset
		}
		fields := []string{fmt.Sprint(t), fmt.Sprint(int(nowHint)), fmt.Sprint(schema), bits(threshold)}
		var err error
		if float {
			h := &histogram.FloatHistogram{CounterResetHint: nowHint, Schema: schema, ZeroThreshold: threshold, ZeroCount: float64(zero),
				Count: float64(total), Sum: sum, PositiveSpans: pos, NegativeSpans: neg, CustomValues: bounds}
			for _, v := range absolute[0] {
				h.PositiveBuckets = append(h.PositiveBuckets, float64(v))
			}
			for _, v := range absolute[1] {
				h.NegativeBuckets = append(h.NegativeBuckets, float64(v))
			}
			_, _, appender, err = appender.AppendFloatHistogram(nil, 0, t, h, true)
			fields = append(fields, bits(h.ZeroCount), bits(h.Count), bits(sum), spans(pos), spans(neg), doubles(h.PositiveBuckets), doubles(h.NegativeBuckets))
		} else {
			h := &histogram.Histogram{CounterResetHint: nowHint, Schema: schema, ZeroThreshold: threshold, ZeroCount: uint64(zero),
				Count: uint64(total), Sum: sum, PositiveSpans: pos, NegativeSpans: neg, CustomValues: bounds}
			deltas := func(list []int64) (out []int64) {
				last := int64(0)
				for _, v := range list {
					out = append(out, v-last)
					last = v
				}
				return
			}
			h.PositiveBuckets, h.NegativeBuckets = deltas(absolute[0]), deltas(absolute[1])
			_, _, appender, err = appender.AppendHistogram(nil, 0, t, h, true)
			fields = append(fields, fmt.Sprint(zero), fmt.Sprint(total), bits(sum), spans(pos), spans(neg), integers(h.PositiveBuckets), integers(h.NegativeBuckets))
		}
		if err != nil {
			panic(err)
		}
		fields = append(fields, doubles(bounds))
		line = append(line, strings.Join(fields, ":"))
		t += 15000 + int64(random.Intn(3))
	}
	fmt.Println(strings.Join(line, " "), "=", fmt.Sprintf("%x", chunk.Bytes()))
}

func main() {
	for i := 0; i < 40; i++ {
		xor(i % 5)
	}
	for i := 0; i < 60; i++ {
		hist(i%2 == 1, i%5 == 4)
	}
}
