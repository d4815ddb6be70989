// Grafana's Prometheus data source without Grafana: reads requests, a JSON object a line, and answers each with a line.
//
//	{"health": {}}
//	{"query": {"expr": "up", "instant": true}, "from_ms": 0, "to_ms": 60000, "interval_ms": 15000}
//	{"resource": {"path": "api/v1/labels", "method": "POST", "query": "start=0", "body": "match[]=up"}}
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/backend/httpclient"
	"github.com/grafana/grafana-plugin-sdk-go/backend/log"
	"github.com/grafana/grafana/pkg/promlib"
)

type request struct {
	Health     *struct{}       `json:"health"`
	Query      json.RawMessage `json:"query"`
	FromMs     int64           `json:"from_ms"`
	ToMs       int64           `json:"to_ms"`
	IntervalMs int64           `json:"interval_ms"`
	Resource   *struct {
		Path   string `json:"path"`
		Method string `json:"method"`
		Query  string `json:"query"`
		Body   string `json:"body"`
	} `json:"resource"`
}

type answer struct {
	Status int             `json:"status,omitempty"`
	Health string          `json:"health,omitempty"`
	Detail json.RawMessage `json:"detail,omitempty"`
	Body   json.RawMessage `json:"body,omitempty"`
	Frames any             `json:"frames,omitempty"`
	Error  string          `json:"error,omitempty"`
}

type source struct {
	service *promlib.Service
	plugin  backend.PluginContext
}

func newSource(url, ca, cert, key, method string) (*source, error) {
	text := func(path string) (string, error) {
		if path == "" {
			return "", nil
		}
		content, err := os.ReadFile(path)
		return string(content), err
	}
	secrets := map[string]string{}
	for name, path := range map[string]string{"tlsCACert": ca, "tlsClientCert": cert, "tlsClientKey": key} {
		content, err := text(path)
		if err != nil {
			return nil, err
		}
		secrets[name] = content
	}
	settings, err := json.Marshal(map[string]any{
		"tlsAuth": cert != "", "tlsAuthWithCACert": true, "serverName": "localhost", "httpMethod": method, "timeInterval": "15s",
	})
	if err != nil {
		return nil, err
	}
	return &source{
		service: promlib.NewService(httpclient.NewProvider(), log.NewNullLogger(), nil),
		plugin: backend.PluginContext{OrgID: 1, PluginID: "prometheus", DataSourceInstanceSettings: &backend.DataSourceInstanceSettings{
			ID: 1, UID: "nightlight", Type: "prometheus", Name: "Nightlight", URL: url, JSONData: settings, DecryptedSecureJSONData: secrets,
		}},
	}, nil
}

func (s *source) health(ctx context.Context) (answer, error) {
	result, err := s.service.CheckHealth(ctx, &backend.CheckHealthRequest{PluginContext: s.plugin})
	if err != nil {
		return answer{}, err
	}
	return answer{Status: int(result.Status), Health: result.Message, Detail: result.JSONDetails}, nil
}

func (s *source) query(ctx context.Context, r request) (answer, error) {
	result, err := s.service.QueryData(ctx, &backend.QueryDataRequest{
		PluginContext: s.plugin,
		Queries: []backend.DataQuery{{
			RefID: "A", JSON: r.Query, Interval: time.Duration(r.IntervalMs) * time.Millisecond, MaxDataPoints: 11000,
			TimeRange: backend.TimeRange{From: time.UnixMilli(r.FromMs), To: time.UnixMilli(r.ToMs)},
		}},
	})
	if err != nil {
		return answer{}, err
	}
	got := result.Responses["A"]
	out := answer{Status: int(got.Status), Frames: got.Frames}
	if got.Error != nil {
		out.Error = got.Error.Error()
	}
	return out, nil
}

func (s *source) resource(ctx context.Context, r request) (answer, error) {
	var out answer
	url := r.Resource.Path
	if r.Resource.Query != "" {
		url += "?" + r.Resource.Query
	}
	err := s.service.CallResource(ctx, &backend.CallResourceRequest{
		PluginContext: s.plugin, Path: r.Resource.Path, Method: r.Resource.Method, URL: url, Body: []byte(r.Resource.Body),
	}, backend.CallResourceResponseSenderFunc(func(response *backend.CallResourceResponse) error {
		out.Status, out.Body = response.Status, response.Body
		return nil
	}))
	return out, err
}

func (s *source) answer(ctx context.Context, line []byte) (answer, error) {
	var r request
	if err := json.Unmarshal(line, &r); err != nil {
		return answer{}, err
	}
	switch {
	case r.Health != nil:
		return s.health(ctx)
	case r.Resource != nil:
		return s.resource(ctx, r)
	default:
		return s.query(ctx, r)
	}
}

func main() {
	url := flag.String("url", "", "of the server")
	ca := flag.String("ca", "", "certificate of the authority")
	cert := flag.String("cert", "", "certificate of the client; empty: none")
	key := flag.String("key", "", "its key")
	method := flag.String("method", "POST", "of queries")
	flag.Parse()
	s, err := newSource(*url, *ca, *cert, *key, *method)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	encoder := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		out, err := s.answer(context.Background(), lines.Bytes())
		if err != nil {
			out = answer{Error: err.Error()}
		}
		if err := encoder.Encode(out); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}
