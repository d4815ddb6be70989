#include "model/labels.h"

#include <doctest/doctest.h>

using namespace nightlight;

namespace {

Labels labels(std::vector<std::pair<std::string, std::string>> pairs) { return Labels(std::move(pairs)); }

}  // namespace

// The expected hashes were printed by Prometheus 3.16.
TEST_CASE("a label set hashes to the same bits as in Prometheus") {
  CHECK(hash_labels({}) == 0xef46db3751d8e999);
  CHECK(hash_labels(labels({{"__name__", "up"}}).view()) == 0xecd75f13400abdf5);
  CHECK(hash_labels(
            labels({{"__name__", "http_requests_total"}, {"job", "api"}, {"instance", "localhost:9090"}}).view()) ==
        0x0e88028ac7771860);
  CHECK(hash_labels(labels({{"a", std::string(254, 'x')}}).view()) == 0xd595c5082328667a);
  CHECK(hash_labels(labels({{"a", std::string(255, 'x')}}).view()) == 0x6cdb059dacbe544e);
  CHECK(hash_labels(labels({{"a", std::string(70000, 'x')}, {"b", "é"}}).view()) == 0x036eec34c4ac4ab8);
}

TEST_CASE("label sets print as in Prometheus' messages") {
  CHECK(format_labels({}) == "{}");
  CHECK(format_labels(labels({{"a.b", "q\"\n\x01\xff é"}, {"__name__", "m"}}).view()) ==
        R"({__name__="m", "a.b"="q\"\n\x01\xff é"})");
}

TEST_CASE("label sets order label by label, and a beginning comes before what it begins") {
  std::vector<Labels> ascending = {labels({}),
                                   labels({{"a", "1"}}),
                                   labels({{"a", "1"}, {"b", "0"}}),
                                   labels({{"a", "10"}}),
                                   labels({{"a", "2"}}),
                                   labels({{"aa", "0"}}),
                                   labels({{"b", "0"}})};
  for (size_t i = 0; i < ascending.size(); ++i) {
    for (size_t j = 0; j < ascending.size(); ++j) {
      int order = compare_labels(ascending[i].view(), ascending[j].view());
      CHECK((order < 0) == (i < j));
      CHECK((order == 0) == (i == j));
    }
  }
}

TEST_CASE("owned labels survive copying and moving") {
  Labels a = labels({{"x", "short"}, {"y", ""}, {"b", "2"}});
  CHECK(a.size() == 2);
  Labels copy = a;
  View<LabelPair> before = copy.view();
  Labels moved = std::move(copy);
  CHECK(moved == a);
  CHECK(before.data == moved.view().data);
  CHECK(a["x"] == "short");
  CHECK(a["y"].empty());
}

TEST_CASE("the builder keeps label sets sorted, unique and without empty values") {
  Labels base = labels({{"__name__", "m"}, {"__type__", "gauge"}, {"b", "1"}, {"d", "2"}});
  LabelsBuilder builder(base.view());
  builder.set("c", "3");
  builder.set("b", "9");
  builder.set("d", "");
  builder.set("nothing", "");
  builder.erase_metadata();
  CHECK(format_labels(builder.labels()) == R"({b="9", c="3"})");
  builder.set("a", "0");
  builder.keep({"a", "c"});
  CHECK(format_labels(builder.labels()) == R"({a="0", c="3"})");
  builder.erase(std::vector<std::string_view>{"a"});
  CHECK(format_labels(builder.labels()) == R"({c="3"})");
}
