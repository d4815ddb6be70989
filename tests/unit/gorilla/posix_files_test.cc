// The real file system, where it does what the simulated one cannot show.
#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "gorilla/file/file_system.h"

using namespace nightlight;
using namespace nightlight::gorilla;

TEST_CASE("a file tells where what was written ends, and reads as zeros behind") {
  std::string directory = std::filesystem::temp_directory_path() / "nightlight-files-XXXXXX";
  REQUIRE(::mkdtemp(directory.data()) != nullptr);
  FileSystem& files = posix_file_system();
  constexpr uint64_t kSize = 8 << 20, kAt = 1 << 20;
  {
    auto file = files.open(directory + "/a", OpenMode::kCreate);
    REQUIRE(file.ok());
    REQUIRE((*file)->preallocate(kSize).ok());
    for (const bool synced : {false, true}) {
      const uint64_t at = synced ? 2 * kAt : kAt;
      REQUIRE((*file)->pwrite(at, "x", 1).ok());
      if (synced) REQUIRE((*file)->sync().ok());
      const uint64_t end = (*file)->written_end().value();
      CHECK(end > at);
      CHECK(end <= kSize);
      std::string rest(kSize - end, 'y');
      CHECK((*file)->pread(end, rest.data(), rest.size()).value() == rest.size());
      CHECK(rest.find_first_not_of('\0') == std::string::npos);
    }
    CHECK((*file)->size().value() == kSize);
    auto empty = files.open(directory + "/b", OpenMode::kCreate);
    REQUIRE(empty.ok());
    CHECK((*empty)->written_end().value() == 0);
  }
  std::filesystem::remove_all(directory);
}
