#include "credentials/json_field.hpp"

#include <string.h>

#include <boost/json/parser.hpp>
#include <boost/json/storage_ptr.hpp>
#include <boost/json/value.hpp>
#include <new>
#include <string>

#include "credentials/secret_bytes.hpp"

namespace csiem::credentials {
namespace {

namespace json = boost::json;

// Plain new, whose alignment fits everything in a document: Boost.JSON 1.81 gives back the keys of half-built objects
// with another alignment than it asked for.
class WipingResource final : public json::memory_resource {
  void* do_allocate(std::size_t n, std::size_t) override { return ::operator new(n); }
  void do_deallocate(void* block, std::size_t n, std::size_t) override {
    explicit_bzero(block, n);
    ::operator delete(block);
  }
  bool do_is_equal(const json::memory_resource& other) const noexcept override { return this == &other; }
};

}  // namespace

Result<SecretRef> json_field(std::string_view document, std::string_view field) {
  WipingResource memory;
  json::parser parser(json::storage_ptr(&memory), json::parse_options{});
  parser.reset(json::storage_ptr(&memory));
  json::error_code error;
  parser.write(document, error);
  if (error) return Error{Code::invalid, "not valid JSON", 2001};
  const json::value root = parser.release();
  const json::object* const object = root.if_object();
  if (object == nullptr) return Error{Code::invalid, "not a JSON object", 2001};
  const json::value* const value = object->if_contains(field);
  if (value == nullptr) return Error{Code::not_found, "no field '" + std::string(field) + "'", 2001};
  const json::string* const text = value->if_string();
  if (text == nullptr) return Error{Code::invalid, "field '" + std::string(field) + "' is not a string", 2001};
  if (text->empty()) return Error{Code::not_found, "field '" + std::string(field) + "' is empty", 2001};
  return make_masked(std::string_view(text->data(), text->size()));
}

}  // namespace csiem::credentials
