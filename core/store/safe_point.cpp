#include "store/safe_point.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <utility>

#include "store/crc32c.hpp"

namespace csiem::store {
namespace {

constexpr uint64_t kSlotMagic = 0x7361666570747331;  // "safepts1"
constexpr uint32_t kSlotVersion = 1;
constexpr std::size_t kSlots = 2;

Error file_error(const std::string& doing, const std::string& path) {
  const bool full = errno == ENOSPC || errno == EDQUOT;
  return {Code::io, doing + " " + path + ": " + errno_text(errno), full ? 5001 : 5005};
}

// Changes with every start of the machine; empty when it is not told.
std::string machine_boot_id() {
  const Fd fd(::open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC));
  char text[64];
  const ssize_t n = fd ? ::read(fd.get(), text, sizeof text) : 0;
  std::string id(text, n > 0 ? static_cast<std::size_t>(n) : 0);
  id.erase(std::find(id.begin(), id.end(), '\n'), id.end());
  return id;
}

}  // namespace

bool SafePoint::read_slot(std::string_view bytes, Slot& out) {
  if (bytes.size() < sizeof(Slot)) return false;
  std::memcpy(&out, bytes.data(), sizeof out);
  return out.magic == kSlotMagic && out.version == kSlotVersion &&
         out.checksum == crc32c(bytes.substr(0, offsetof(Slot, checksum)));
}

Result<SafePoint> SafePoint::open(const std::string& directory, std::string boot_id, bool read_only) {
  SafePoint out(directory);
  out.boot_id_ = boot_id.empty() ? machine_boot_id() : std::move(boot_id);
  out.boot_id_.resize(std::min(out.boot_id_.size(), sizeof Slot::boot_id - 1));
  const std::string path = out.path();
  out.fd_ = Fd(::open(path.c_str(), (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NOFOLLOW));
  if (!out.fd_) {
    if (errno == ENOENT) return out;
    return file_error("open", path);
  }
  for (std::size_t i = 0; i < kSlots; ++i) {
    CS_TRY(bytes, read_at(out.fd_.get(), i * kSlotBytes, sizeof(Slot)));
    Slot found{};
    if (read_slot(bytes, found) && found.generation > out.slot_.generation) out.slot_ = found;
  }
  return out;
}

bool SafePoint::power_was_lost() const noexcept {
  // Who cannot tell goes back: an old state is better than a torn one.
  return slot_.in_use != 0 && (boot_id_.empty() || boot_id_ != slot_.boot_id);
}

Result<void> SafePoint::restore(const std::string& data_file) const {
  const Fd data(::open(data_file.c_str(), O_RDWR | O_CLOEXEC));
  if (!data) return file_error("open", data_file);
  // Both, because LMDB takes the newer one. Once more does no harm, so a cut in between does not, either.
  for (std::size_t i = 0; i < kMetaPages; ++i) CS_CHECK(write_meta(data.get(), i, slot_.meta));
  if (::fdatasync(data.get()) != 0) return file_error("sync", data_file);
  return {};
}

Result<void> SafePoint::save(int data_fd, std::size_t txn_id, int64_t now_unix_ns) {
  CS_TRY(first, read_meta(data_fd, 0, 0));
  CS_TRY(second, read_meta(data_fd, 1, first.free.pad));
  const Meta& meta = second.txn_id == txn_id ? second : first;
  if (meta.txn_id != txn_id) return damaged_file("the head of its newest state is not there");
  Slot slot{};
  slot.in_use = 1;
  slot.saved_unix_ns = now_unix_ns;
  std::memcpy(slot.boot_id, boot_id_.data(), boot_id_.size());
  slot.meta = meta;
  return put(slot);
}

Result<void> SafePoint::retire() {
  if (slot_.in_use == 0) return {};
  Slot slot = slot_;
  slot.in_use = 0;
  return put(slot);
}

Result<void> SafePoint::create() {
  const std::string path = this->path();
  Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) return file_error("create", path);
  CS_CHECK(write_at(fd.get(), 0, std::string(kSlots * kSlotBytes, '\0')));
  if (::fsync(fd.get()) != 0) return file_error("sync", path);
  const Fd directory(::open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory || ::fsync(directory.get()) != 0) return file_error("sync", directory_);
  fd_ = std::move(fd);
  return {};
}

Result<void> SafePoint::put(Slot slot) {
  if (!fd_) CS_CHECK(create());
  slot.magic = kSlotMagic;
  slot.version = kSlotVersion;
  slot.generation = slot_.generation + 1;
  slot.padding = 0;
  std::string bytes(sizeof slot, '\0');
  std::memcpy(bytes.data(), &slot, sizeof slot);
  slot.checksum = crc32c(std::string_view(bytes).substr(0, offsetof(Slot, checksum)));
  std::memcpy(bytes.data(), &slot, sizeof slot);
  bytes.resize(kSlotBytes);
  CS_CHECK(write_at(fd_.get(), slot.generation % kSlots * kSlotBytes, bytes));
  if (::fdatasync(fd_.get()) != 0) return file_error("sync", path());
  slot_ = slot;
  return {};
}

}  // namespace csiem::store
