#include <malloc.h>

#include "cli/arguments.hpp"

namespace {

// What is larger (the bytes of batches, the blocks that a commit writes) gets pages of its own, which go back to the
// system when it is freed. Left to itself the allocator raises this bound with the first of them that is freed, and
// then keeps, between small ones that live on, about as much again as is in use.
constexpr int kLargeBytes = 128 * 1024;

}  // namespace

int main(int argc, char** argv) {
  mallopt(M_MMAP_THRESHOLD, kLargeBytes);
  return csiem::cli::main(argc, argv);
}
