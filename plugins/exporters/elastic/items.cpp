// A handler for Boost.JSON's streaming parser.
// SPDX-License-Identifier: Apache-2.0
#include "elastic/items.hpp"

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>

#include "common/text.hpp"

namespace csiem::elastic {
namespace {

constexpr std::size_t kLongestText = 500;

class Handler {
 public:
  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);
  using Error = boost::json::error_code;
  using Text = boost::json::string_view;

  explicit Handler(ItemSink& sink) : sink_(sink) {}
  uint64_t items() const noexcept { return items_; }
  bool ended() const noexcept { return ended_; }

  bool on_document_begin(Error&) { return true; }
  bool on_document_end(Error&) {
    ended_ = top_is_object_;
    return true;
  }
  bool on_object_begin(Error&) {
    ++depth_;
    if (depth_ == 1) top_is_object_ = true;
    if (in_items_ && depth_ == kWrapper) item_ = {};
    return true;
  }
  bool on_object_end(std::size_t, Error&) {
    if (in_items_ && depth_ == kWrapper) sink_.item(items_++, item_);
    --depth_;
    return true;
  }
  bool on_array_begin(Error&) {
    if (depth_ == 1 && top_key_ == Key::items) in_items_ = true;
    ++depth_;
    return true;
  }
  bool on_array_end(std::size_t, Error&) {
    --depth_;
    if (depth_ == 1) in_items_ = false;
    return true;
  }
  bool on_key_part(Text part, std::size_t, Error&) {
    collect(part);
    return true;
  }
  bool on_key(Text part, std::size_t, Error&) {
    collect(part);
    const Key key = key_named(text_);
    text_.clear();
    if (depth_ == 1) top_key_ = key;
    if (depth_ == kResult) result_key_ = key;
    if (depth_ == kError) error_key_ = key;
    return true;
  }
  bool on_string_part(Text part, std::size_t, Error&) {
    collect(part);
    return true;
  }
  bool on_string(Text part, std::size_t, Error&) {
    collect(part);
    if (in_items_ && depth_ == kResult) {
      if (result_key_ == Key::error) item_.reason = common::clip(text_, kLongestText);
      if (result_key_ == Key::failure_store) item_.failure_store = text_ == "used";
    }
    if (in_items_ && depth_ == kError && result_key_ == Key::error) {
      if (error_key_ == Key::type) item_.type = common::clip(text_, kLongestText);
      if (error_key_ == Key::reason) item_.reason = common::clip(text_, kLongestText);
    }
    text_.clear();
    return true;
  }
  bool on_int64(int64_t value, Text, Error&) {
    if (in_items_ && depth_ == kResult && result_key_ == Key::status) item_.status = value;
    return true;
  }
  bool on_number_part(Text, Error&) { return true; }
  bool on_uint64(uint64_t, Text, Error&) { return true; }
  bool on_double(double, Text, Error&) { return true; }
  bool on_bool(bool, Error&) { return true; }
  bool on_null(Error&) { return true; }
  bool on_comment_part(Text, Error&) { return true; }
  bool on_comment(Text, Error&) { return true; }

 private:
  // Depth inside of {"items":[{"create":{"status":400,"error":{"type":…}}}]}.
  static constexpr int kWrapper = 3, kResult = 4, kError = 5;
  enum class Key { other, items, status, error, failure_store, type, reason };
  static Key key_named(std::string_view name) noexcept {
    if (name == "items") return Key::items;
    if (name == "status") return Key::status;
    if (name == "error") return Key::error;
    if (name == "failure_store") return Key::failure_store;
    if (name == "type") return Key::type;
    if (name == "reason") return Key::reason;
    return Key::other;
  }
  void collect(Text part) {
    // A little more than will be kept, so that the cut is seen and made between characters.
    const std::size_t room = kLongestText + 4 - std::min(text_.size(), kLongestText + 4);
    text_.append(part.data(), std::min(part.size(), room));
  }

  ItemSink& sink_;
  Item item_;
  std::string text_;
  uint64_t items_ = 0;
  int depth_ = 0;
  bool in_items_ = false, top_is_object_ = false, ended_ = false;
  Key top_key_ = Key::other, result_key_ = Key::other, error_key_ = Key::other;
};

}  // namespace

ItemsRead read_items(std::string_view body, bool cut, ItemSink& sink) {
  boost::json::basic_parser<Handler> parser(boost::json::parse_options(), sink);
  boost::json::error_code error;
  const std::size_t used = parser.write_some(cut, body.data(), body.size(), error);
  ItemsRead read;
  read.items = parser.handler().items();
  read.broken = error.failed() || (!cut && used != body.size());
  read.whole = !read.broken && parser.handler().ended();
  return read;
}

}  // namespace csiem::elastic
