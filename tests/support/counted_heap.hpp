// Counts every malloc of the program it is part of: for executables of their own, one source file each.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdio>
#include <cstdlib>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CSIEM_COUNTS 0  // the sanitizer owns the heap
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define CSIEM_COUNTS 0
#endif
#endif
#ifndef CSIEM_COUNTS
#define CSIEM_COUNTS 1
#endif

namespace {
unsigned long long allocations = 0;
}

#if CSIEM_COUNTS
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* malloc(std::size_t n) {
  ++allocations;
  return __libc_malloc(n);
}
void* calloc(std::size_t n, std::size_t m) {
  ++allocations;
  return __libc_calloc(n, m);
}
void* realloc(void* p, std::size_t n) {
  ++allocations;
  return __libc_realloc(p, n);
}
}
#endif

// False, and a word about it, when an allocation does not show. True under a sanitizer, which owns the heap.
inline bool heap_is_counted() {
#if CSIEM_COUNTS
  if (const auto before = allocations; std::free(std::malloc(1)), allocations == before) {
    std::printf("the counter does not count\n");
    return false;
  }
#endif
  return true;
}
