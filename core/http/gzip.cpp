#include "http/gzip.hpp"

#include <libdeflate.h>

#include <algorithm>

namespace csiem::http {

void Gzip::Free::operator()(libdeflate_compressor* compressor) const noexcept {
  libdeflate_free_compressor(compressor);
}

Result<std::string_view> Gzip::compress(std::string_view body, int level, ScratchBytes& out) {
  level = std::clamp(level, 1, 12);
  auto& compressor = by_level_[static_cast<std::size_t>(level)];
  if (!compressor) compressor.reset(libdeflate_alloc_compressor(level));
  if (!compressor) return Error{Code::limit, "no memory for compression"};
  const std::size_t bound = libdeflate_gzip_compress_bound(compressor.get(), body.size());
  char* const room = out.room_for(bound);
  const std::size_t size = libdeflate_gzip_compress(compressor.get(), body.data(), body.size(), room, bound);
  if (size == 0) return Error{Code::internal, "compression failed"};
  return std::string_view(room, size);
}

}  // namespace csiem::http
