#include "ecs/metadata.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace csiem::ecs {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_hollow(char c) { return is_blank(c) || c == '.'; }

// The keys of the objects that are open, to see repeated ones.
class OpenKeys {
 public:
  void enter(std::size_t depth) noexcept { begin_[depth] = size_; }
  void leave(std::size_t depth) noexcept { size_ = begin_[depth]; }
  // False when the key repeats, or there are too many to tell.
  bool add(std::size_t depth, std::string_view key) noexcept {
    if (size_ == keys_.size()) return false;
    for (std::size_t i = begin_[depth]; i < size_; ++i)
      if (std::string_view(keys_[i].data, keys_[i].size) == key) return false;
    keys_[size_++] = {key.data(), key.size()};
    return true;
  }

 private:
  struct Key {
    const char* data;
    std::size_t size;
  };
  std::array<Key, 64> keys_;  // left uninitialised on purpose, like begin_: this stands on the path of every event
  std::array<uint8_t, kMaxMetadataDepth + 1> begin_;
  uint8_t size_ = 0;
};

class Scanner {
 public:
  explicit Scanner(std::string_view json) noexcept : json_(json) {}

  MetadataScan run() noexcept {
    skip_blanks();
    if (at_ == json_.size()) return found_;
    found_.empty = false;
    found_.harmless = json_[at_] == '{';
    while (at_ < json_.size()) step();
    if (depth_ != 0) found_.harmless = false;
    return found_;
  }

 private:
  void skip_blanks() noexcept {
    while (at_ < json_.size() && is_blank(json_[at_])) ++at_;
  }

  void step() noexcept {
    const char c = json_[at_];
    if (c == '"') return text();
    ++at_;
    if (c == '{' || c == '[') {
      if (++depth_ > kMaxMetadataDepth) {
        found_.harmless = false;
      } else {
        keys_.enter(depth_);
      }
      if (depth_ == 1 && c == '{') {
        skip_blanks();
        if (at_ < json_.size() && json_[at_] == '}') found_.empty = true;
      }
    } else if (c == '}' || c == ']') {
      if (depth_ == 0) {
        found_.harmless = false;
      } else {
        if (depth_ <= kMaxMetadataDepth) keys_.leave(depth_);
        --depth_;
      }
    }
  }

  // Stands on the quote.
  void text() noexcept {
    bool escaped = false;
    const std::string_view content = string_at(at_, escaped);
    if (content.data() == nullptr) {
      found_.harmless = false;
      at_ = json_.size();
      return;
    }
    at_ = static_cast<std::size_t>(content.data() - json_.data()) + content.size() + 1;
    skip_blanks();
    if (at_ < json_.size() && json_[at_] == ':') key(content, escaped);
  }

  // The content of the string that begins at `at`; a null view when it does not end.
  std::string_view string_at(std::size_t at, bool& escaped) const noexcept {
    const std::size_t begin = at + 1;
    std::size_t end = begin;
    while (end < json_.size() && json_[end] != '"') {
      if (json_[end] == '\\') {
        escaped = true;
        ++end;
      }
      ++end;
    }
    return end < json_.size() ? json_.substr(begin, end - begin) : std::string_view();
  }

  // Stands on the colon.
  void key(std::string_view name, bool escaped) noexcept {
    ++at_;
    if (escaped || std::all_of(name.begin(), name.end(), is_hollow) || depth_ == 0 || depth_ > kMaxMetadataDepth ||
        !keys_.add(depth_, name))
      found_.harmless = false;
    if (depth_ != 1 || name != "hostname") return;
    skip_blanks();
    bool value_escaped = false;
    if (at_ >= json_.size() || json_[at_] != '"') return;
    const std::string_view value = string_at(at_, value_escaped);
    if (!value_escaped) found_.hostname = value;
  }

  std::string_view json_;
  std::size_t at_ = 0, depth_ = 0;
  OpenKeys keys_;
  MetadataScan found_;
};

}  // namespace

MetadataScan scan_metadata(std::string_view json) noexcept { return Scanner(json).run(); }

}  // namespace csiem::ecs
