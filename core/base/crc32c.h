// CRC32C (Castagnoli), the checksum of every file format of Nightlight.
#ifndef NIGHTLIGHT_BASE_CRC32C_H_
#define NIGHTLIGHT_BASE_CRC32C_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace nightlight {

// The checksum of `size` bytes, continuing from `seed`, the checksum of what came before (0: nothing).
uint32_t crc32c(const void* data, size_t size, uint32_t seed = 0);

inline uint32_t crc32c(std::string_view data, uint32_t seed = 0) { return crc32c(data.data(), data.size(), seed); }

// The same by table, without the processor's instruction.
uint32_t crc32c_portable(const void* data, size_t size, uint32_t seed = 0);

}  // namespace nightlight

#endif  // NIGHTLIGHT_BASE_CRC32C_H_
