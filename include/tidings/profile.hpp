// Which of the article's two body formats an event is written in (docs/wire.md).
#pragma once

#pragma GCC visibility push(default)

namespace tidings {

// kafka: camelCase members, the article's Java profile; memory and local store it too.
// rabbitmq: snake_case members, the article's Python profile.
enum class Profile { kafka, rabbitmq };

}  // namespace tidings

#pragma GCC visibility pop
