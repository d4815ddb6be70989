// Loops that are compiled twice.
#ifndef NIGHTLIGHT_BASE_VECTOR_CLONES_H_
#define NIGHTLIGHT_BASE_VECTOR_CLONES_H_

// Before a function: with wider vectors too, for processors that have them. Multiplication and addition are not fused,
// so every processor gives the same bits. What the function calls must be inlined into it.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define NIGHTLIGHT_VECTOR_CLONES __attribute__((target_clones("default", "avx2"), optimize("O3", "no-trapping-math")))
#else
#define NIGHTLIGHT_VECTOR_CLONES
#endif

#endif  // NIGHTLIGHT_BASE_VECTOR_CLONES_H_
