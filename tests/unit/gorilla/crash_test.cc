// crash_test POINTS: so many times, a store on a simulated disk lives through writes, seals and compactions until the
// power goes at some operation of the disk, some after a life whose process alone had died; then it starts again, and
// must have everything that it acknowledged and nothing that it was not sent. Which operation, which seed: the number
// of the run; a failure prints it.
#include <cstdio>
#include <cstdlib>

#include "store_world.h"

namespace nightlight::gorilla {
namespace {

constexpr int kSteps = 24;

// One life. Errors are what a full or dead disk gives; nothing depends on them but the journal.
void live(StoreWorld& world, uint64_t seed) {
  for (int step = 0; step < kSteps; ++step) {
    const int64_t now = StoreWorld::kBegin + step * int64_t{600'000};
    const double value = static_cast<double>((seed * 31 + static_cast<uint64_t>(step) * 7) % 1000) / 8;
    (void)world.write({"a", "b"}, now, value);
    if (step % 3 == 0) (void)world.write({"c" + std::to_string(step % 9)}, now + 1, value * 1e17);
    if (step % 5 == 4) (void)world.write({"a"}, now - 900'000 - 7, -value);  // Late.
    if (step % 4 == 3) (void)world.store().seal();
    if (step % 12 == 11) world.store().compact();
  }
}

// The number of operations of a life without a crash.
uint64_t operations(uint64_t seed) {
  StoreWorld world(seed);
  if (!world.open().ok()) return 0;
  live(world, seed);
  world.close();
  return world.files.operations();
}

// A life whose process dies at an operation, while the machine goes on: what a failed sync left in memory is there for
// the next one, which is sent again what was not acknowledged. Then the power goes.
std::string die_alone(StoreWorld& world, uint64_t seed, uint64_t operation) {
  world.files.halt_at(operation);
  if (world.open().ok()) live(world, seed);
  world.kill();
  if (Result<void> opened = world.open(); !opened.ok()) return "does not start after a kill: " + opened.error().message;
  const Samples sent = world.sent;
  for (const auto& [name, samples] : sent) {
    for (const auto& [time, bits] : samples)
      if (!world.acked[name].contains(time)) (void)world.write({name}, time, std::bit_cast<double>(bits));
  }
  world.kill();
  world.files.crash();
  if (Result<void> opened = world.open(); !opened.ok()) return "does not start after both: " + opened.error().message;
  std::string broken = world.broken_promise();
  world.close();
  return broken;
}

std::string run(uint64_t number, uint64_t most) {
  StoreWorld world(number);
  const uint64_t at = 1 + number % most;
  if (number % 4 == 1) {
    if (std::string broken = die_alone(world, number, 1 + number / 4 % most); !broken.empty()) return broken;
  }
  world.files.halt_at(at);
  if (world.open().ok()) live(world, number);
  world.close();
  world.files.crash();
  // The next life may end early, too: the one after it must still have everything.
  if (number % 3 == 0) {
    world.files.halt_at(1 + number % 37);
    (void)world.open();
    world.close();
    world.files.crash();
  }
  if (Result<void> opened = world.open(); !opened.ok()) return "does not start again: " + opened.error().message;
  if (std::string broken = world.broken_promise(); !broken.empty()) return broken;
  // It can go on, and still has it all after another start.
  if (!world.write({"a", "new"}, StoreWorld::kBegin + int64_t{kSteps} * 600'000, 1.5)) return "does not take samples";
  if (Result<void> sealed = world.store().seal(); !sealed.ok()) return "does not seal: " + sealed.error().message;
  world.store().compact();
  if (!world.stop()) return "does not stop";
  if (!world.open().ok()) return "does not start a third time";
  return world.broken_promise();
}

int main(int count, char** arguments) {
  const uint64_t points = count > 1 ? std::strtoull(arguments[1], nullptr, 10) : 1000;
  const uint64_t first = count > 2 ? std::strtoull(arguments[2], nullptr, 10) : 0;
  const uint64_t most = operations(0);
  uint64_t failed = 0;
  for (uint64_t number = first; number < first + points && failed < 10; ++number) {
    std::string wrong = run(number, most);
    if (wrong.empty()) continue;
    std::printf("run %llu: %s\n", static_cast<unsigned long long>(number), wrong.c_str());
    ++failed;
  }
  std::printf("%llu power cuts over %llu operations of the disk, %llu violations\n",
              static_cast<unsigned long long>(points), static_cast<unsigned long long>(most),
              static_cast<unsigned long long>(failed));
  return failed == 0 && most > 0 ? 0 : 1;
}

}  // namespace
}  // namespace nightlight::gorilla

int main(int count, char** arguments) { return nightlight::gorilla::main(count, arguments); }
