// The cluster's own objects: lifecycle policies, ingest pipelines, templates.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/json/value.hpp>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "platform.hpp"

namespace csiem::doubles {

enum class ElasticFlavor { standard, serverless, opensearch };

// What GET and PUT of these paths do, with the rules that each kind of cluster has.
class ElasticObjects {
 public:
  explicit ElasticObjects(ElasticFlavor flavor) : flavor_(flavor) {}

  // Nothing when the path is none of them.
  std::optional<Answer> handle(const Call& call);

  bool has_pipeline(const std::string& name) const { return objects_.contains("/_ingest/pipeline/" + name); }
  // An index template matches this data stream or index, or the index that this alias leads to.
  bool covers(std::string_view name) const;
  // default_pipeline of the template that covers it, if that pipeline is missing.
  std::string missing_pipeline(std::string_view name) const;

 private:
  std::optional<Answer> handle_index(const Call& call);
  Answer put(const std::string& path, const boost::json::object& body);
  std::optional<std::string> fault_of(const std::string& path, const boost::json::object& body) const;

  ElasticFlavor flavor_;
  std::map<std::string, boost::json::value, std::less<>> objects_;  // by path
  std::map<std::string, std::string, std::less<>> write_index_;     // by alias or index
};

Answer elastic_error(int status, std::string_view type, std::string_view reason);

}  // namespace csiem::doubles
