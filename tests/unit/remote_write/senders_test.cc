#include "remote_write/senders.h"

#include <doctest/doctest.h>

#include "fakes/host.h"

namespace nightlight::remote_write {
namespace {

Peer peer(const char* address, const char* common_name = "") {
  Peer out{};
  out.struct_size = sizeof out;
  out.address = str(address);
  out.common_name = str(common_name);
  return out;
}

TEST_CASE("a sender is the name of its certificate, or its address") {
  CHECK(sender_name(peer("10.0.0.7:4711", "agent-1")) == "agent-1");
  CHECK(sender_name(peer("10.0.0.7:4711")) == "10.0.0.7");
  CHECK(sender_name(peer("[2001:db8::1]:4711")) == "2001:db8::1");
  CHECK(sender_name(peer("")) == "unknown");
  CHECK(sender_name(peer("", "a\xff")) == "a\xef\xbf\xbd");
  CHECK(sender_name(peer("", std::string(1000, 'x').c_str())) == std::string(128, 'x'));
}

TEST_CASE("requests, failures and samples are counted by sender") {
  fakes::FakeHost host;
  Senders senders(&host);
  senders.count(peer("10.0.0.7:1"), false, 5);
  senders.count(peer("10.0.0.7:2"), true, 2);
  senders.count(peer("10.0.0.7:2", "agent"), false, 1);
  auto count = [&](const std::string& what, const std::string& sender) {
    return host.count("nightlight_remote_write_sender_" + what + "_total,sender=" + sender);
  };
  CHECK(count("requests", "10.0.0.7") == 2);
  CHECK(count("failed_requests", "10.0.0.7") == 1);
  CHECK(count("samples", "10.0.0.7") == 7);
  CHECK(count("requests", "agent") == 1);
  CHECK(count("failed_requests", "agent") == 0);
}

TEST_CASE("senders beyond the most share one name") {
  fakes::FakeHost host;
  Senders senders(&host);
  for (int round = 0; round < 2; ++round) {
    for (size_t i = 0; i < Senders::kMost + 7; ++i)
      senders.count(peer("", ("s" + std::to_string(i)).c_str()), false, 1);
  }
  auto count = [&](const std::string& sender) {
    return host.count("nightlight_remote_write_sender_requests_total,sender=" + sender);
  };
  CHECK(count("s0") == 2);
  CHECK(count("s" + std::to_string(Senders::kMost - 1)) == 2);
  CHECK(count("s" + std::to_string(Senders::kMost)) == 0);
  CHECK(count("other") == 14);
}

}  // namespace
}  // namespace nightlight::remote_write
