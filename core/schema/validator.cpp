#include "schema/validator.hpp"

#include "schema/validators.hpp"

namespace csiem::schema {

std::unique_ptr<Validator> make_validator(std::string_view format, std::string_view version) {
  if (format == "ecs") return make_ecs_validator();
  if (format == "native") return make_native_validator();
  if (format == "ocsf") return make_ocsf_validator(version.empty() ? "1.8.0" : version);
  if (format == "cef") return make_cef_validator({});
  return nullptr;
}

}  // namespace csiem::schema
