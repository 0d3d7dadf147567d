#include "http/libcurl.hpp"

#include <malloc.h>
#include <signal.h>
#include <string.h>

#include <cstdlib>

namespace csiem::http {
namespace {

void wiping_free(void* block) {
  if (block == nullptr) return;
  explicit_bzero(block, malloc_usable_size(block));
  std::free(block);
}

// realloc() may move the block and leave the old bytes behind; this one never does.
void* wiping_realloc(void* block, size_t size) {
  if (block == nullptr) return std::malloc(size);
  const size_t old_size = malloc_usable_size(block);
  if (size <= old_size && size >= old_size / 2) return block;
  void* const moved = std::malloc(size);
  if (moved == nullptr) return nullptr;
  memcpy(moved, block, size < old_size ? size : old_size);
  wiping_free(block);
  return moved;
}

// OpenSSL writes with write(): a peer that hangs up would end the process. A handler that is set already stays.
bool ignore_sigpipe() {
  struct sigaction action {};
  if (::sigaction(SIGPIPE, nullptr, &action) != 0 || action.sa_handler != SIG_DFL) return true;
  action.sa_handler = SIG_IGN;
  return ::sigaction(SIGPIPE, &action, nullptr) == 0;
}

}  // namespace

void start_libcurl() {
  static const CURLcode started =
      curl_global_init_mem(CURL_GLOBAL_DEFAULT, std::malloc, wiping_free, wiping_realloc, strdup, std::calloc);
  if (started != CURLE_OK) std::abort();  // only without memory
  static const bool guarded = ignore_sigpipe();
  static_cast<void>(guarded);
}

}  // namespace csiem::http
