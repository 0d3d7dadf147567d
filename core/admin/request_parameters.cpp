#include "admin/request_parameters.hpp"

#include <boost/json.hpp>
#include <boost/url/src.hpp>

namespace csiem::admin {

Result<Parameters> request_parameters(std::string_view target, std::string_view body) {
  Parameters parameters;
  const auto parsed = boost::urls::parse_origin_form({target.data(), target.size()});
  if (!parsed) return Error{Code::invalid, "the target cannot be understood"};
  for (const auto& parameter : parsed->params()) parameters[std::string(parameter.key)] = parameter.value;
  if (body.empty()) return parameters;
  boost::json::error_code error;
  const auto document = boost::json::parse({body.data(), body.size()}, error);
  if (error || !document.is_object()) return Error{Code::invalid, "the body is not a JSON object"};
  for (const auto& [key, value] : document.get_object()) {
    std::string& text = parameters[std::string(key.data(), key.size())];
    if (value.is_string())
      text.assign(value.get_string().data(), value.get_string().size());
    else if (value.is_number() || value.is_bool())
      text = boost::json::serialize(value);
    else
      return Error{Code::invalid, std::string(key) + ": a text or a number"};
  }
  return parameters;
}

std::string parameters_json(const Parameters& parameters) {
  boost::json::object object;
  for (const auto& [name, value] : parameters) object[name] = value;
  return boost::json::serialize(object);
}

}  // namespace csiem::admin
