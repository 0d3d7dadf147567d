// Settings that are templates, and their problems at the place where they were written.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/sdk/config.hpp>

#include <string>
#include <string_view>

#include "common/templates/text_template.hpp"
#include "webhook/message.hpp"

namespace csiem::webhook {

// The template in the text of one setting; `key` is its path.
templates::TextTemplate template_of(const Config& config, const std::string& key, std::string_view text,
                                    templates::Target target);
// The templates of the body: the table `body`, else `template`, else the file `template_file`. Of `shape` the framing
// and the content type are set already.
void read_body_template(const Config& config, Shape& shape);

}  // namespace csiem::webhook
