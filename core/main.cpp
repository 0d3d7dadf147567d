#include <malloc.h>

#include "cli/arguments.hpp"

namespace {

// The bytes of batches come and go all the time, in pieces of some 100 KiB: got from the system and given back each
// time they cost as much as everything else that is done with an event. What is larger than this gets pages of its own.
// Left to itself the allocator raises these bounds with what is freed, and then keeps several times what is in use.
constexpr int kLargeBytes = 4 << 20;
constexpr int kKeptFreeBytes = 8 << 20;

}  // namespace

int main(int argc, char** argv) {
  mallopt(M_MMAP_THRESHOLD, kLargeBytes);
  mallopt(M_TRIM_THRESHOLD, kKeptFreeBytes);
  // One pool for all threads: a batch is made on one thread and freed on another, and nothing is allocated per event.
  mallopt(M_ARENA_MAX, 1);
  return csiem::cli::main(argc, argv);
}
