// Doubles by the XOR with their predecessor. Every bit pattern round-trips.
#ifndef NIGHTLIGHT_GORILLA_CHUNK_XOR_CODECS_H_
#define NIGHTLIGHT_GORILLA_CHUNK_XOR_CODECS_H_

#include <span>

#include "gorilla/chunk/bytes.h"

namespace nightlight::gorilla {

// Gorilla: Pelkonen et al., VLDB 2015, section 4.1.2. Bits, the smaller of the two.
void put_gorilla(std::span<const double> values, Bytes& out);
bool read_gorilla(ByteView bytes, size_t count, double* out);
size_t gorilla_size(std::span<const double> values);

// The same idea in whole bytes, which decodes faster and which a general compressor can see through: a nibble a value
// says which bytes of the XOR follow. 0: none, it is zero; 1-8: that many low bytes; 9-15: the high 16 - nibble bytes.
// First the nibbles, two a byte, low one first, then the bytes.
void put_byte_xor(std::span<const double> values, Bytes& out);
bool read_byte_xor(ByteView bytes, size_t count, double* out);
size_t byte_xor_size(std::span<const double> values);

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_CHUNK_XOR_CODECS_H_
