#include <doctest/doctest.h>

#include <random>
#include <string>

#include "store/block.hpp"
#include "store/crc32c.hpp"
#include "store_bench.hpp"

using namespace csiem;
using namespace csiem::store;
using namespace csiem::test;

namespace {

std::string block_of(const event::EventBatch& batch) {
  const BlockOrigin origin{"audit", "{\"offset\":7}"};
  std::string bytes(block_bytes(batch, origin), '\0');
  write_block(batch, origin, 77, 1234, bytes.data());
  return bytes;
}

}  // namespace

TEST_CASE("the checksum is CRC-32C, with and without the instruction, in one piece or several") {
  CHECK(crc32c("123456789") == 0xe3069283U);
  CHECK(crc32c_portable("123456789") == 0xe3069283U);
  std::mt19937 random(3);
  for (int round = 0; round < 50; ++round) {
    std::string bytes(random() % 300, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    const std::string_view view = bytes;
    const std::size_t cut = bytes.empty() ? 0 : random() % bytes.size();
    CHECK(crc32c(view) == crc32c_portable(view));
    CHECK(crc32c(view.substr(cut), crc32c(view.substr(0, cut))) == crc32c(view));
    CHECK(crc32c_portable(view.substr(cut), crc32c_portable(view.substr(0, cut))) == crc32c(view));
  }
}

TEST_CASE("a block gives back what was written") {
  Numbers made;
  const auto batch = made.batch({0, 4, 2, 2}, 3);
  const std::string bytes = block_of(*batch);
  const auto block = BlockView::open(bytes, BlockView::Check::everything);
  REQUIRE(block);
  REQUIRE(block->count() == 4);
  CHECK(block->event(0) == "1:0:xxx");
  CHECK(block->event(3) == "4:2:xxx");
  CHECK(block->severity(1) == 4);
  CHECK(block->header().severity_count[2] == 2);
  CHECK(block->header().severity_bytes[2] == 14);
  CHECK(block->header().accepted_unix_ns == 77);
  CHECK(block->header().log_bytes_before == 1234);
  CHECK(block->origin().source == "audit");
  CHECK(block->origin().position == "{\"offset\":7}");
}

TEST_CASE("no damage goes unnoticed, and none is read beyond the end") {
  Numbers made;
  const std::string good = block_of(*made.batch(5));
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    std::string bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << bit % 8));
    CHECK_FALSE(BlockView::open(bad, BlockView::Check::everything));
    if (const auto block = BlockView::open(bad, BlockView::Check::structure))
      for (uint32_t i = 0; i < block->count(); ++i) CHECK(block->event(i).size() < bad.size());
  }
  for (std::size_t size = 0; size < good.size(); ++size)
    CHECK_FALSE(BlockView::open(std::string(good, 0, size), BlockView::Check::everything));
}
