#include "schema/validator.hpp"

#include "schema/validators.hpp"

namespace csiem::schema {

std::unique_ptr<Validator> make_validator(std::string_view format, const OutputSettings& settings) {
  if (format == "ecs") return make_ecs_validator(settings.ecs_namespace);
  if (format == "native") return make_native_validator();
  const std::string version = settings.version("ocsf");
  if (format == "ocsf") return make_ocsf_validator(version.empty() ? "1.8.0" : version);
  if (format == "cef") return make_cef_validator(settings.cef_custom_keys ? kCefPrefix : std::string_view());
  return nullptr;
}

}  // namespace csiem::schema
