#include "admin/request_parameters.hpp"

#include <boost/json.hpp>
#include <boost/url/src.hpp>
#include <string>

namespace csiem::admin {

Result<boost::json::object> request_parameters(std::string_view target, std::string_view body) {
  boost::json::object parameters;
  const auto parsed = boost::urls::parse_origin_form({target.data(), target.size()});
  if (!parsed) return Error{Code::invalid, "the target cannot be understood"};
  for (const auto& parameter : parsed->params())
    parameters[boost::json::string_view(parameter.key.data(), parameter.key.size())] =
        boost::json::string(parameter.value.data(), parameter.value.size());
  if (body.empty()) return parameters;
  boost::json::error_code error;
  const auto document = boost::json::parse({body.data(), body.size()}, error);
  if (error || !document.is_object()) return Error{Code::invalid, "the body is not a JSON object"};
  for (const auto& [key, value] : document.get_object()) parameters[key] = value;
  return parameters;
}

}  // namespace csiem::admin
