#include "prometheus_api/api.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <regex>
#include <set>

#include "fake_store.h"
#include "fakes/host.h"
#include "fakes/http.h"
#include "prometheus_api/parameters.h"

namespace nightlight::prometheus_api {
namespace {

struct Fixture {
  Fixture() : engine(&host) {
    Backend backend;
    backend.host = &host;
    backend.engine = &engine;
    backend.storage = &storage;
    backend.max_series_without_match = 2;
    api = std::make_unique<Api>(backend);
    REQUIRE(api->add_routes(&listener).ok());
    storage.series.emplace_back(std::vector<std::pair<std::string, std::string>>{{"__name__", "a"}, {"job", "x"}});
    storage.series.emplace_back(std::vector<std::pair<std::string, std::string>>{{"__name__", "a"}, {"job", "y"}});
    storage.series.emplace_back(std::vector<std::pair<std::string, std::string>>{{"__name__", "b"}, {"zone", "<1>"}});
  }
  ~Fixture() { api->remove_routes(&listener); }

  std::string get(const std::string& path, const std::string& query = "") {
    request.query_ = query;
    response = {};
    listener.routes.at(path).handler->handle(&request, &response);
    return response.body_;
  }
  std::string post(const std::string& path, const std::string& form, const std::string& query = "") {
    request.method_ = kPost;
    request.headers_["Content-Type"] = "application/x-www-form-urlencoded";
    request.body_ = form;
    return get(path, query);
  }

  fakes::FakeHost host;
  fakes::FakeStorage storage;
  fakes::FakeEngine engine;
  fakes::FakeListener listener;
  std::unique_ptr<Api> api;
  fakes::FakeRequest request;
  fakes::FakeResponse response;
};

constexpr char kQuery[] = "/api/v1/query";
constexpr char kRange[] = "/api/v1/query_range";

// A series of a result, which keeps its arrays.
struct Points {
  std::vector<LabelPair> labels;
  std::vector<int64_t> times;
  std::vector<double> values;
  ResultSeries view() const {
    ResultSeries out{};
    out.struct_size = sizeof out;
    out.labels = view_of(labels);
    out.timestamps_ms = view_of(times);
    out.values = view_of(values);
    return out;
  }
};

TEST_CASE("a vector, a matrix, a scalar and a string have Prometheus' envelopes") {
  Fixture f;
  Points points{{{str("__name__"), str("a<b>&\"\\\n\x01")}, {str("l"), str("\xff\xe2\x80\xa8")}}, {1500}, {1e-7}};
  f.engine.answer.series = {points.view()};
  CHECK(f.get(kQuery, "query=x&time=1.5") ==
        "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[{\"metric\":{\"__name__\":"
        "\"a<b>&"
        "\\\"\\\\\\n\\u0001\",\"l\":\"\\ufffd\xe2\x80\xa8\"},\"value\":[1.500,\"1e-07\"]}]}}");
  CHECK(f.response.headers_["Content-Type"] == "application/json");
  CHECK(f.response.content_length_ == f.response.body_.size());
  CHECK(f.engine.last.start_ms == 1500);

  f.engine.answer.type = ValueType::kMatrix;
  points.times = {1000, 2000};
  points.values = {1, 2};
  Points second{{}, {1000}, {3}};
  f.engine.answer.series = {points.view(), second.view()};
  CHECK(f.get(kRange, "query=x&start=1&end=2&step=1")
            .find("\"values\":[[1,\"1\"],[2,\"2\"]]},{\"metric\":{},\"values\":[[1,\"3\"]]}]}}") != std::string::npos);
  CHECK(f.engine.last.step_ms == 1000);

  f.engine.answer.type = ValueType::kScalar;
  second.values = {1e-7};
  f.engine.answer.series = {second.view()};
  CHECK(f.get(kQuery, "query=x") == R"({"status":"success","data":{"resultType":"scalar","result":[1,"0.0000001"]}})");

  f.engine.answer.type = ValueType::kString;
  f.engine.answer.text = "s\t";
  CHECK(f.get(kQuery, "query=x&time=5") == R"({"status":"success","data":{"resultType":"string","result":[5,"s\t"]}})");
}

TEST_CASE("a histogram shows its buckets that are not empty") {
  Fixture f;
  Histogram h{};
  h.struct_size = sizeof h;
  h.flags = kFloatHistogram;
  h.timestamp_ms = 1000;
  h.count_float = 7;
  h.sum = 2.5;
  h.zero_threshold = 0.001;
  h.zero_count_float = 1;
  BucketSpan spans[] = {{0, 3}};
  double counts[] = {2, 0, 4};
  h.positive_spans = view_of(spans);
  h.positive_counts = view_of(counts);
  const Histogram* histograms[] = {&h};
  ResultSeries series{};
  series.struct_size = sizeof series;
  series.histograms = view_of(histograms);
  f.engine.answer.series = {series};
  CHECK(
      f.get(kQuery, "query=x")
          .find(
              R"("histogram":[1,{"count":"7","sum":"2.5","buckets":[[3,"-0.001","0.001","1"],[0,"0.5","1","2"],[0,"2","4","4"]]}])") !=
      std::string::npos);
}

TEST_CASE("parameters of queries are checked in Prometheus' order with its texts") {
  Fixture f;
  struct {
    const char *path, *query, *error;
  } cases[] = {
      {kQuery, "query=x&limit=-1&time=x", R"(invalid parameter "limit": limit must be non-negative)"},
      {kQuery, "query=x&time=x",
       R"(invalid parameter "time": invalid time value for 'time': cannot parse "x" to a valid timestamp)"},
      {kQuery, "query=x&timeout=0", R"(invalid parameter "timeout": timeout must be positive, got 0s)"},
      {kQuery, "query=x&timeout=-5", R"(invalid parameter "timeout": timeout must be positive, got -5s)"},
      {kQuery, "query=x&lookback_delta=zz",
       R"(error parsing lookback delta duration: cannot parse "zz" to a valid duration)"},
      {kRange, "query=x", R"(invalid parameter "start": cannot parse "" to a valid timestamp)"},
      {kRange, "query=x&start=1", R"(invalid parameter "end": cannot parse "" to a valid timestamp)"},
      {kRange, "query=x&start=2&end=1", R"(invalid parameter "end": end timestamp must not be before start time)"},
      {kRange, "query=x&start=1&end=2&step=0",
       R"(invalid parameter "step": zero or negative query resolution step widths are not accepted. Try a positive integer)"},
      {kRange, "query=x&start=0&end=11001&step=1",
       "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)"},
  };
  for (auto& c : cases) {
    CAPTURE(c.query);
    auto answer = nlohmann::json::parse(f.get(c.path, c.query));
    CHECK(f.response.status_ == 400);
    CHECK(answer["status"] == "error");
    CHECK(answer["errorType"] == "bad_data");
    CHECK(answer["error"] == c.error);
  }
  f.get(kRange, "query=x&start=0&end=11000.9&step=1");
  CHECK(f.response.status_ == 200);
  f.get(kRange, "query=x&start=1700000000000&end=1700000060000&step=15000");
  CHECK(f.engine.last.step_ms == 15000);
  CHECK(f.engine.last.end_ms == 1700000060000);
}

TEST_CASE("errors of the engine have Prometheus' types and statuses") {
  Fixture f;
  struct {
    Code code;
    const char* type;
    uint32_t status;
  } cases[] = {{Code::kFailedPrecondition, "execution", 422},
               {Code::kResourceExhausted, "execution", 422},
               {Code::kDeadlineExceeded, "timeout", 503},
               {Code::kCancelled, "canceled", 499},
               {Code::kInternal, "internal", 500},
               {Code::kDataLoss, "internal", 500}};
  f.engine.answer.error = "why";
  for (auto& c : cases) {
    for (bool late : {false, true}) {
      f.engine.answer.fail_query = late ? Code::kOk : c.code;
      f.engine.answer.fail_next = c.code;
      CHECK(f.get(kQuery, "query=x") ==
            std::string("{\"status\":\"error\",\"errorType\":\"") + c.type + "\",\"error\":\"why\"}");
      CHECK(f.response.status_ == c.status);
    }
  }
  f.engine.answer.fail_query = Code::kInvalidArgument;
  CHECK(f.get(kQuery, "query=x").find(R"("error":"invalid parameter \"query\": why")") != std::string::npos);
}

TEST_CASE("an answer that fails after a part has gone is cut off") {
  Fixture f;
  Points points{{}, std::vector<int64_t>(20'000, 1000), std::vector<double>(20'000, 1.5)};
  f.engine.answer.type = ValueType::kMatrix;
  f.engine.answer.series = {points.view()};
  f.engine.answer.fail_next = Code::kInternal;
  f.get(kRange, "query=x&start=1&end=2&step=1");
  CHECK(f.response.aborted_);
  CHECK(f.response.pieces_ > 2);
  f.engine.answer.fail_next = Code::kOk;
  auto answer = nlohmann::json::parse(f.get(kRange, "query=x&start=1&end=2&step=1"));
  CHECK(answer["data"]["result"][0]["values"].size() == 20'000);
  CHECK(f.response.content_length_ == UINT64_MAX);
}

TEST_CASE("ten warnings and ten infos are shown, and the number of the others") {
  Fixture f;
  for (int i = 0; i < 12; ++i) f.engine.answer.warnings.push_back("w" + std::to_string(i));
  f.engine.answer.infos = {"i"};
  auto answer = nlohmann::json::parse(f.get(kQuery, "query=x&stats=foo"));
  CHECK(answer["warnings"].size() == 11);
  CHECK(answer["warnings"][10] == "3 more warning annotations omitted");
  CHECK(answer["infos"] == nlohmann::json::array({"i"}));
  CHECK(answer["data"]["stats"]["samples"]["seriesTouched"] == 0);
}

TEST_CASE("a query can be traced, and can go past the result cache, as one with statistics does") {
  Fixture f;
  auto answer = nlohmann::json::parse(f.get(kQuery, "query=x"));
  CHECK((f.engine.last.flags & (kTrace | kNoCache)) == 0);
  CHECK_FALSE(answer.contains("trace"));
  f.engine.answer.trace = R"({"message":"m","durationMs":1,"children":[]})";
  answer = nlohmann::json::parse(f.get(kRange, "query=x&start=1&end=2&step=1&trace=1"));
  CHECK((f.engine.last.flags & kTrace) != 0);
  CHECK(answer["trace"]["message"] == "m");
  CHECK(answer["status"] == "success");
  f.get(kQuery, "query=x&nocache=1");
  CHECK((f.engine.last.flags & kNoCache) != 0);
  f.get(kQuery, "query=x&stats=true");
  CHECK((f.engine.last.flags & kNoCache) != 0);
}

TEST_CASE("a form in a body counts before the URL, and only when it is one") {
  Fixture f;
  f.post(kQuery, "query=body&time=1", "query=url&time=2");
  CHECK(f.engine.last_text == "body");
  f.request.headers_["Content-Type"] = "text/plain";
  f.get(kQuery, "query=url");
  CHECK(f.engine.last_text == "url");
}

TEST_CASE("labels and values are the sorted union of their selectors, cut at the limit with a warning") {
  Fixture f;
  CHECK(f.get("/api/v1/labels") == R"({"status":"success","data":["__name__","job","zone"]})");
  CHECK(f.get("/api/v1/labels", "match[]=a") == R"({"status":"success","data":["__name__","job"]})");
  CHECK(f.get("/api/v1/labels", "match[]=b&match[]=a&limit=2") ==
        R"({"status":"success","data":["__name__","job"],"warnings":["results truncated due to limit"]})");
  CHECK(f.get("/api/v1/labels", "match[]=bad{").find("1:5: parse error") != std::string::npos);
  CHECK(f.get("/api/v1/labels", "match[]={}").find("match[] must contain at least one non-empty matcher") !=
        std::string::npos);
  f.request.parameters_["name"] = "job";
  CHECK(f.get("/api/v1/label/{name}/values") == R"({"status":"success","data":["x","y"]})");
  f.request.parameters_["name"] = "U__jo_62_";
  CHECK(f.get("/api/v1/label/{name}/values", "limit=1") ==
        R"({"status":"success","data":["x"],"warnings":["results truncated due to limit"]})");
  f.request.parameters_["name"] = "\xff";
  CHECK(f.get("/api/v1/label/{name}/values").find(R"("error":"invalid label name: \"\\xff\"")") != std::string::npos);
}

TEST_CASE("series are merged without repeats, and all of them listed when nothing is asked for") {
  Fixture f;
  CHECK(
      f.get("/api/v1/series", "match[]=b&match[]=b&match[]=a&start=1&end=2") ==
      R"({"status":"success","data":[{"__name__":"a","job":"x"},{"__name__":"a","job":"y"},{"__name__":"b","zone":"<1>"}]})");
  CHECK(f.storage.last_start_ms == 1000);
  CHECK(
      f.get("/api/v1/series") ==
      R"({"status":"success","data":[{"__name__":"a","job":"x"},{"__name__":"a","job":"y"}],"warnings":["results truncated due to limit"]})");
  CHECK(nlohmann::json::parse(f.get("/api/v1/series", "limit=0"))["data"].size() == 3);
  CHECK(f.storage.last_start_ms == kMinTimeMs);
}

TEST_CASE("what is switched off answers 500 unavailable, as Prometheus does") {
  Fixture f;
  f.request.method_ = kPost;
  CHECK(f.get("/api/v1/admin/tsdb/snapshot") ==
        R"({"status":"error","errorType":"unavailable","error":"admin APIs disabled"})");
  CHECK(f.response.status_ == 500);
}

TEST_CASE("the search finds by subsequence and substring, with Prometheus' scores") {
  Fixture f;
  CHECK(f.get("/api/v1/search/label_names", "search[]=jb&include_score=true&sort_by=score") ==
        "{\"results\":[{\"name\":\"job\",\"score\":0.41625}]}\n{\"status\":\"success\",\"has_more\":false}\n");
  CHECK(f.get("/api/v1/search/label_names", "limit=1") ==
        "{\"results\":[{\"name\":\"__name__\"}]}\n{\"status\":\"success\",\"has_more\":true}\n");
  CHECK(f.response.headers_["Content-Type"] == "application/x-ndjson; charset=utf-8");
  CHECK(f.get("/api/v1/search/label_values").find("missing required parameter") != std::string::npos);
}

TEST_CASE("every route is in the description of the API") {
  Fixture f;
  std::string text = f.get("/api/v1/openapi.yaml");
  for (const RouteSpec& route : route_table()) {
    if (route.path == "/federate") continue;
    CHECK(text.find("  " + std::string(route.path.substr(7)) + ":\n") != std::string::npos);
  }
}

TEST_CASE("what the description refers to is in it") {
  Fixture f;
  std::string text = f.get("/api/v1/openapi.yaml");
  std::set<std::string> names;
  std::regex reference("#/components/(schemas|responses)/(\\w+)");
  for (std::sregex_iterator it(text.begin(), text.end(), reference), end; it != end; ++it) names.insert((*it)[2]);
  CHECK(names.size() > 30);
  for (const std::string& name : names) {
    CAPTURE(name);
    CHECK(text.find("\n    " + name + ":") != std::string::npos);
  }
}

}  // namespace
}  // namespace nightlight::prometheus_api
