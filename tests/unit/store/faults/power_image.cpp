#include "power_image.hpp"

#include <algorithm>

namespace csiem::test {

void Disk::apply(const DiskOp& op) {
  // The directory is the same for all.
  if (op.kind == DiskOp::Kind::sync_name && file_ == StoreFile::safe_point) name_synced_ = size_ > 0;
  if (op.file != file_) return;
  switch (op.kind) {
    case DiskOp::Kind::write:
      write(op.offset, op.bytes);
      break;
    case DiskOp::Kind::sync:
      while (!pending_.empty()) sync_page(pending_.begin()->first);
      durable_.resize(size_);
      break;
    case DiskOp::Kind::sync_range:
      for (const uint64_t page : last_pages_) sync_page(page);
      break;
    case DiskOp::Kind::truncate:
      size_ = op.offset;
      durable_.resize(std::min<std::size_t>(durable_.size(), size_));
      std::erase_if(pending_, [&](const auto& entry) { return entry.first * kPage >= size_; });
      break;
    case DiskOp::Kind::move_in:
      moved_ = true;
      break;
    case DiskOp::Kind::sync_name:
      name_synced_ = true;
      break;
  }
}

void Disk::write(uint64_t offset, const std::string& bytes) {
  last_pages_.clear();
  for (std::size_t done = 0; done < bytes.size();) {
    const uint64_t page = (offset + done) / kPage;
    const std::size_t at = (offset + done) % kPage, n = std::min(kPage - at, bytes.size() - done);
    auto& states = pending_[page];
    std::string next = states.empty() ? durable_page(page) : states.back();
    next.replace(at, n, bytes, done, n);
    states.push_back(std::move(next));
    last_pages_.push_back(page);
    done += n;
  }
  size_ = std::max(size_, offset + bytes.size());
}

void Disk::sync_page(uint64_t page) {
  const auto at = pending_.find(page);
  if (at == pending_.end()) return;
  if (durable_.size() < (page + 1) * kPage) durable_.resize((page + 1) * kPage);
  durable_.replace(page * kPage, kPage, at->second.back());
  pending_.erase(at);
}

std::string Disk::durable_page(uint64_t page) const {
  std::string out = page * kPage < durable_.size() ? durable_.substr(page * kPage, kPage) : std::string();
  out.resize(kPage);
  return out;
}

std::string Disk::image(std::mt19937_64& rng) const {
  std::string out = durable_;
  for (const auto& [page, states] : pending_) {
    const std::string before = durable_page(page);
    const auto some = [&]() -> const std::string& {
      const std::size_t which = rng() % (states.size() + 1);
      return which == 0 ? before : states[which - 1];
    };
    std::string now = some();
    if (rng() % 8 == 0)
      for (std::size_t sector = 0; sector < kPage; sector += kSector)
        now.replace(sector, kSector, some(), sector, kSector);
    if (page * kPage >= out.size() && now == before) continue;
    if (out.size() < (page + 1) * kPage) out.resize((page + 1) * kPage);
    out.replace(page * kPage, kPage, now);
  }
  // The size may be on the disk before the bytes are.
  if (rng() % 2 == 0 && out.size() < size_) out.resize(size_);
  return out;
}

}  // namespace csiem::test
