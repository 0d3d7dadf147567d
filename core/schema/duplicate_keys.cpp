#include "schema/duplicate_keys.hpp"

#include <boost/json/basic_parser_impl.hpp>

#include <unordered_set>

namespace csiem::schema {
namespace {

namespace json = boost::json;

struct Handler {
  static constexpr std::size_t max_object_size = std::size_t(-1);
  static constexpr std::size_t max_array_size = std::size_t(-1);
  static constexpr std::size_t max_key_size = std::size_t(-1);
  static constexpr std::size_t max_string_size = std::size_t(-1);

  struct Frame {
    bool array;
    std::size_t elements = 0;
    std::unordered_set<std::string> keys{};
    std::string key{};  // of the member that is being read
  };
  std::vector<Frame> frames;
  std::string part;
  std::vector<std::string> found;

  std::string path() const {
    std::string out;
    for (const Frame& frame : frames) {
      if (frame.array) {
        out += "[" + std::to_string(frame.elements) + "]";
      } else {
        out += (out.empty() ? "" : ".") + frame.key;
      }
    }
    return out;
  }
  void value_ends() {
    if (!frames.empty() && frames.back().array) ++frames.back().elements;
  }
  bool open(bool array) {
    frames.push_back({array});
    return true;
  }
  bool close() {
    frames.pop_back();
    value_ends();
    return true;
  }
  bool scalar() {
    value_ends();
    return true;
  }

  bool on_document_begin(json::error_code&) { return true; }
  bool on_document_end(json::error_code&) { return true; }
  bool on_object_begin(json::error_code&) { return open(false); }
  bool on_object_end(std::size_t, json::error_code&) { return close(); }
  bool on_array_begin(json::error_code&) { return open(true); }
  bool on_array_end(std::size_t, json::error_code&) { return close(); }
  bool on_key_part(json::string_view s, std::size_t, json::error_code&) {
    part.append(s.data(), s.size());
    return true;
  }
  bool on_key(json::string_view s, std::size_t, json::error_code&) {
    part.append(s.data(), s.size());
    Frame& frame = frames.back();
    frame.key = std::move(part);
    part.clear();
    if (!frame.keys.insert(frame.key).second) found.push_back(path());
    return true;
  }
  bool on_string_part(json::string_view, std::size_t, json::error_code&) { return true; }
  bool on_string(json::string_view, std::size_t, json::error_code&) { return scalar(); }
  bool on_number_part(json::string_view, json::error_code&) { return true; }
  bool on_int64(int64_t, json::string_view, json::error_code&) { return scalar(); }
  bool on_uint64(uint64_t, json::string_view, json::error_code&) { return scalar(); }
  bool on_double(double, json::string_view, json::error_code&) { return scalar(); }
  bool on_bool(bool, json::error_code&) { return scalar(); }
  bool on_null(json::error_code&) { return scalar(); }
  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }
};

}  // namespace

std::vector<std::string> duplicate_keys(std::string_view text) {
  json::parse_options options;
  options.max_depth = 1024;
  json::basic_parser<Handler> parser(options);
  json::error_code error;
  parser.write_some(false, text.data(), text.size(), error);
  return error ? std::vector<std::string>() : std::move(parser.handler().found);
}

}  // namespace csiem::schema
