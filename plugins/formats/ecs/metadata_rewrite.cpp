#include <boost/json/basic_parser_impl.hpp>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <new>

#include "ecs/metadata.hpp"

namespace csiem::ecs {
namespace {

namespace json = boost::json;

bool hollow(std::string_view key) {
  return std::all_of(key.begin(), key.end(), [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == '.'; });
}

// Appends to a string whose size is its capacity in use; settle() cuts it to what was written.
class StringOut {
 public:
  explicit StringOut(std::string& text)
      : text_(text), writer_{nullptr, nullptr, &StringOut::grow, this}, out_(writer_) {
    text_.resize(std::max<std::size_t>(text_.capacity(), 256));
    writer_.cur = begin();
    writer_.end = begin() + text_.size();
  }
  Out& out() { return out_; }
  std::string_view settle() {
    text_.resize(static_cast<std::size_t>(writer_.cur - begin()));
    return text_;
  }

 private:
  uint8_t* begin() { return reinterpret_cast<uint8_t*>(text_.data()); }
  static csiem_status grow(csiem_writer* writer, std::size_t need) CSIEM_NOEXCEPT {
    auto* self = static_cast<StringOut*>(writer->impl);
    const auto used = static_cast<std::size_t>(writer->cur - self->begin());
    try {
      self->text_.resize(std::max(self->text_.size() * 2, used + need));
    } catch (const std::bad_alloc&) {
      return CSIEM_E_NOMEM;
    }
    writer->cur = self->begin() + used;
    writer->end = self->begin() + self->text_.size();
    return CSIEM_OK;
  }

  std::string& text_;
  csiem_writer writer_;
  Out out_;
};

// Follows the parser and writes what it sees, repaired. Containers below the limit go to `inner` as they are and come
// back as one text.
class Handler {
 public:
  static constexpr std::size_t max_object_size = std::size_t(-1);
  static constexpr std::size_t max_array_size = std::size_t(-1);
  static constexpr std::size_t max_key_size = std::size_t(-1);
  static constexpr std::size_t max_string_size = std::size_t(-1);

  Handler(Out& out, std::string& inner) : out_(out), inner_text_(inner) {}

  bool on_document_begin(json::error_code&) { return true; }
  bool on_document_end(json::error_code&) { return true; }
  bool on_object_begin(json::error_code&) { return open('{'); }
  bool on_object_end(std::size_t, json::error_code&) { return close('}'); }
  bool on_array_begin(json::error_code&) { return open('['); }
  bool on_array_end(std::size_t, json::error_code&) { return close(']'); }

  bool on_key_part(json::string_view s, std::size_t, json::error_code&) { return gather(s); }
  bool on_key(json::string_view s, std::size_t, json::error_code&) {
    gather(s);
    separate();
    if (inner_ == nullptr) repair_key();
    target().string(part_);
    target().byte(':');
    part_.clear();
    after_key_ = true;
    return true;
  }
  bool on_string_part(json::string_view s, std::size_t, json::error_code&) { return gather(s); }
  bool on_string(json::string_view s, std::size_t, json::error_code&) {
    gather(s);
    separate();
    target().string(part_);
    part_.clear();
    return true;
  }
  // Numbers keep their spelling: no rounding, no infinity.
  bool on_number_part(json::string_view s, json::error_code&) { return gather(s); }
  bool on_int64(int64_t, json::string_view s, json::error_code&) { return number(s); }
  bool on_uint64(uint64_t, json::string_view s, json::error_code&) { return number(s); }
  bool on_double(double, json::string_view s, json::error_code&) { return number(s); }
  bool on_bool(bool v, json::error_code&) { return word(v ? "true" : "false"); }
  bool on_null(json::error_code&) { return word("null"); }
  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }

 private:
  struct Frame {
    std::size_t keys_begin;  // of this object in keys_
    bool first;
  };

  Out& target() { return inner_ == nullptr ? out_ : inner_->out(); }
  bool gather(json::string_view s) {
    part_.append(s.data(), s.size());
    return true;
  }
  bool word(std::string_view text) {
    separate();
    target().raw(text);
    return true;
  }
  bool number(json::string_view s) {
    gather(s);
    word(part_);
    part_.clear();
    return true;
  }
  void separate() {
    if (after_key_ || frames_.empty()) {
      after_key_ = false;
      return;
    }
    if (!frames_.back().first) target().byte(',');
    frames_.back().first = false;
  }
  bool open(char bracket) {
    separate();
    if (frames_.size() == kMaxMetadataDepth) inner_ = std::make_unique<StringOut>(inner_text_);
    target().byte(bracket);
    frames_.push_back({keys_.size(), true});
    return true;
  }
  bool close(char bracket) {
    target().byte(bracket);
    keys_.resize(frames_.back().keys_begin);
    frames_.pop_back();
    if (inner_ == nullptr || frames_.size() != kMaxMetadataDepth) return true;
    out_.string(inner_->settle());
    inner_.reset();
    return true;
  }
  void repair_key() {
    part_.erase(std::remove(part_.begin(), part_.end(), '\0'), part_.end());
    if (hollow(part_)) part_ = "_";
    const auto from = keys_.begin() + static_cast<std::ptrdiff_t>(frames_.back().keys_begin);
    const auto taken = [&] { return std::find(from, keys_.end(), part_) != keys_.end(); };
    const std::size_t stem = part_.size();
    for (unsigned copy = 2; taken(); ++copy) part_.replace(stem, std::string::npos, "_" + std::to_string(copy));
    keys_.push_back(part_);
  }

  Out& out_;
  std::string& inner_text_;
  std::unique_ptr<StringOut> inner_;
  std::vector<Frame> frames_;
  std::vector<std::string> keys_;
  std::string part_;
  bool after_key_ = false;
};

}  // namespace

std::string_view MetadataRewriter::rewrite(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first != std::string_view::npos && text[first] == '{') {
    StringOut out(text_);
    json::parse_options options;
    options.max_depth = 1024;
    json::basic_parser<Handler> parser(options, out.out(), inner_);
    json::error_code error;
    const std::size_t used = parser.write_some(false, text.data(), text.size(), error);
    if (!error && text.find_first_not_of(" \t\r\n", used) == std::string_view::npos && out.out().ok())
      return out.settle();
  }
  StringOut out(text_);
  Json j(out.out());
  j.open();
  j.text("details", text);
  j.close();
  return out.settle();
}

}  // namespace csiem::ecs
