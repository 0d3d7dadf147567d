#include "process/expression_metadata.hpp"

#include <boost/json/basic_parser_impl.hpp>
#include <cstddef>

namespace csiem::process {
namespace {

namespace json = boost::json;

// Follows the parser through the text and keeps the one value whose path is asked for.
class Finder {
 public:
  static constexpr std::size_t max_object_size = std::size_t(-1);
  static constexpr std::size_t max_array_size = std::size_t(-1);
  static constexpr std::size_t max_key_size = std::size_t(-1);
  static constexpr std::size_t max_string_size = std::size_t(-1);

  Finder(std::span<const std::string> path, std::string& scratch) : path_(path), scratch_(scratch) {}
  const Value& found() const { return found_; }

  bool on_document_begin(json::error_code&) { return true; }
  bool on_document_end(json::error_code&) { return true; }

  bool on_object_begin(json::error_code&) { return open(); }
  bool on_object_end(std::size_t, json::error_code&) { return shut(); }
  bool on_array_begin(json::error_code&) { return open(); }
  bool on_array_end(std::size_t, json::error_code&) { return shut(); }

  bool on_key_part(json::string_view s, std::size_t, json::error_code&) {
    if (on_the_way()) key_.append(s.data(), s.size());
    return true;
  }
  bool on_key(json::string_view s, std::size_t, json::error_code&) {
    if (matched_ >= depth_) matched_ = depth_ - 1;  // leaves the member before this one
    if (!on_the_way()) return true;
    key_.append(s.data(), s.size());
    if (key_ == path_[matched_]) {
      ++matched_;
      found_ = {};  // a repeated key: the last one counts
    }
    key_.clear();
    return true;
  }

  bool on_string_part(json::string_view s, std::size_t, json::error_code&) {
    if (wanted()) part_.append(s.data(), s.size());
    return true;
  }
  bool on_string(json::string_view s, std::size_t, json::error_code&) {
    if (!wanted()) return true;
    part_.append(s.data(), s.size());
    scratch_.swap(part_);
    part_.clear();
    keep(Value::Type::text).text = scratch_;
    return true;
  }
  bool on_number_part(json::string_view, json::error_code&) { return true; }
  bool on_int64(int64_t v, json::string_view, json::error_code&) {
    if (wanted()) keep(Value::Type::integer).integer = v;
    return true;
  }
  bool on_uint64(uint64_t v, json::string_view, json::error_code&) {
    if (!wanted()) return true;
    if (v <= static_cast<uint64_t>(INT64_MAX)) {
      keep(Value::Type::integer).integer = static_cast<int64_t>(v);
    } else {
      keep(Value::Type::unsigned_integer).unsigned_integer = v;
    }
    return true;
  }
  bool on_double(double v, json::string_view, json::error_code&) {
    if (wanted()) keep(Value::Type::real).real = v;
    return true;
  }
  bool on_bool(bool v, json::error_code&) {
    if (wanted()) keep(Value::Type::boolean).boolean = v;
    return true;
  }
  bool on_null(json::error_code&) {
    if (wanted()) keep(Value::Type::other);
    return true;
  }
  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }

 private:
  // The key that is being read stands in the object where the next one of the path must come from.
  bool on_the_way() const { return depth_ <= path_.size() && matched_ + 1 >= depth_; }
  // The value that begins now is the one at the end of the path.
  bool wanted() const { return matched_ == path_.size() && depth_ == matched_; }
  Value& keep(Value::Type type) {
    found_ = {};
    found_.type = type;
    return found_;
  }
  bool open() {
    if (wanted()) keep(Value::Type::other);
    ++depth_;
    return true;
  }
  bool shut() {
    --depth_;
    if (matched_ > depth_) matched_ = depth_;
    return true;
  }

  std::span<const std::string> path_;
  std::string& scratch_;
  std::string key_, part_;
  // How many containers are open, and how many of their outermost keys agree with the path. A container that is an
  // array adds to the first without adding to the second, so nothing inside it can match.
  std::size_t depth_ = 0, matched_ = 0;
  Value found_;
};

}  // namespace

Value find_in_metadata(std::string_view text, std::span<const std::string> path, std::string& scratch) {
  // Without escapes every key stands in the text as it is: most look-ups that find nothing end here.
  if (text.find('\\') == std::string_view::npos)
    for (const std::string& key : path)
      if (text.find(key) == std::string_view::npos) return {};

  json::parse_options options;
  options.max_depth = 1024;
  json::basic_parser<Finder> parser(options, path, scratch);
  json::error_code error;
  const std::size_t used = parser.write_some(false, text.data(), text.size(), error);
  if (error || used != text.size()) return {};
  return parser.handler().found();
}

}  // namespace csiem::process
