# How this project builds: one language level, one set of warnings, one function a kind of target.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(tl-expected REQUIRED)
find_package(fmt REQUIRED)
find_package(PkgConfig REQUIRED)

add_library(tidings_options INTERFACE)
target_compile_options(tidings_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor
                                                 -Woverloaded-virtual)
if(PROJECT_IS_TOP_LEVEL)  # another compiler's new warning must not break the build of those who use Tidings
  target_compile_options(tidings_options INTERFACE -Werror)
endif()
# Designated initialisers name what they set; what they leave out has its default (style of every policy struct).
target_compile_options(tidings_options INTERFACE -Wno-missing-field-initializers)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  target_compile_options(tidings_options INTERFACE -Wno-missing-braces)
endif()
# What an assertion says names the source within the project, not in the folder that it was built in.
target_compile_options(tidings_options INTERFACE -fmacro-prefix-map=${PROJECT_SOURCE_DIR}/=)
if(TIDINGS_SANITIZE)
  target_compile_options(tidings_options INTERFACE -fsanitize=${TIDINGS_SANITIZE} -fno-sanitize-recover=all
                                                   -fno-omit-frame-pointer)
  target_link_options(tidings_options INTERFACE -fsanitize=${TIDINGS_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # With sanitizers g++ warns of strings inside of optionals that are not there (its manual says so).
    target_compile_options(tidings_options INTERFACE -Wno-maybe-uninitialized)
  endif()
endif()

# What tests ask of the product to go wrong: named points to die at (src/transport/driver/fault_plan.hpp), and flaws
# (src/base/flaw.hpp). Every source of a build sees the same; a build without tests has no trace of them.
if(TIDINGS_TESTS)
  add_compile_definitions(TIDINGS_FAULTS)
endif()

# With TIDINGS_PRECOMPILE the headers that nearly every file includes are parsed once. A file that forgets one of them
# compiles all the same, so one build of those that CI makes goes without.
set(tidings_common_headers <algorithm> <array> <atomic> <charconv> <chrono> <condition_variable> <cstdint> <deque>
  <filesystem> <fstream> <functional> <map> <memory> <mutex> <optional> <random> <set> <span> <sstream> <stop_token>
  <string> <string_view> <thread> <unordered_map> <variant> <vector> <fmt/format.h> <tl/expected.hpp>)
set(tidings_test_headers ${tidings_common_headers} <boost/describe.hpp> <gmock/gmock.h> <gtest/gtest.h>)
if(TIDINGS_PRECOMPILE AND CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # ccache cannot tell otherwise that a precompiled header is still the same.
  target_compile_options(tidings_options INTERFACE "SHELL:-Xclang -fno-pch-timestamp")
endif()

# Rooms hide what they have; what public headers declare is seen outside of the library (docs/adr/0027).
function(tidings_hide target)
  set_target_properties(${target} PROPERTIES CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
endfunction()

# Libraries share one precompiled header, test programs another: position independent code differs between them.
function(tidings_precompile_library target)
  if(NOT TIDINGS_PRECOMPILE)
    return()
  endif()
  if(NOT TARGET tidings_common_headers)
    file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/common_headers.cpp CONTENT "")
    add_library(tidings_common_headers OBJECT ${PROJECT_BINARY_DIR}/common_headers.cpp)
    target_link_libraries(tidings_common_headers PRIVATE fmt::fmt tl::expected tidings_options)
    tidings_hide(tidings_common_headers)
    target_precompile_headers(tidings_common_headers PRIVATE ${tidings_common_headers})
  endif()
  target_precompile_headers(${target} REUSE_FROM tidings_common_headers)
endfunction()

function(tidings_precompile_test target)
  if(NOT TIDINGS_PRECOMPILE)
    return()
  endif()
  if(NOT TARGET tidings_test_headers)
    file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/test_headers.cpp CONTENT "int main() {}\n")
    add_executable(tidings_test_headers ${PROJECT_BINARY_DIR}/test_headers.cpp)
    target_link_libraries(tidings_test_headers PRIVATE fmt::fmt tl::expected Boost::headers GTest::gmock tidings_options)
    target_precompile_headers(tidings_test_headers PRIVATE ${tidings_test_headers})
  endif()
  target_precompile_headers(${target} REUSE_FROM tidings_test_headers)
endfunction()

# tidings_module(NAME SOURCES a.cpp ... [PUBLIC targets] [PRIVATE targets]
#                [TESTS x_test.cpp ...] [TEST_LINKS targets])
# A room: the library tidings::NAME and, beside its sources, one test program NAME_test.
function(tidings_module name)
  cmake_parse_arguments(ARG "" "" "SOURCES;PUBLIC;PRIVATE;TESTS;TEST_LINKS" ${ARGN})
  set(target tidings_${name})
  if(ARG_SOURCES)
    add_library(${target} STATIC ${ARG_SOURCES})
    target_include_directories(${target} PUBLIC ${PROJECT_SOURCE_DIR}/include PRIVATE ${PROJECT_SOURCE_DIR}/src)
    target_link_libraries(${target} PUBLIC ${ARG_PUBLIC} PRIVATE ${ARG_PRIVATE} tidings_options)
    tidings_hide(${target})
    tidings_precompile_library(${target})
    target_compile_features(${target} PUBLIC cxx_std_20)  # programs that add this directory to theirs get it too
  else()
    add_library(${target} INTERFACE)
    target_include_directories(${target} INTERFACE ${PROJECT_SOURCE_DIR}/include)
    target_link_libraries(${target} INTERFACE ${ARG_PUBLIC})
    target_compile_features(${target} INTERFACE cxx_std_20)
  endif()
  add_library(tidings::${name} ALIAS ${target})
  if(ARG_TESTS AND TIDINGS_TESTS)
    tidings_test(${name}_test SOURCES ${ARG_TESTS} LINKS tidings::${name} ${ARG_TEST_LINKS})
  endif()
endfunction()

# tidings_test(NAME SOURCES ... [LINKS targets] [LABELS labels] [TIMEOUT seconds] [BROKER kafka|kafka_secure|rabbitmq|rabbitmq_secure]
#              [FILTER tests] [SLOW tests SLOW_LABEL label])
# One GoogleTest program; each of its tests is a ctest test of its own. BROKER: they need one, which ctest starts before
# the first of them and stops after the last (tests/servers). FILTER, SLOW: which of them, as --gtest_filter takes it; the
# slow ones have a label of their own.
function(tidings_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT;BROKER;FILTER;SLOW;SLOW_LABEL" "SOURCES;LINKS;LABELS" ${ARGN})
  find_package(GTest REQUIRED)
  include(GoogleTest)
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 60)
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE ${ARG_LINKS} GTest::gmock GTest::gtest_main tidings_options)
  tidings_precompile_test(${name})
  set(properties TIMEOUT ${ARG_TIMEOUT})
  if(ARG_BROKER)
    list(APPEND properties FIXTURES_REQUIRED ${ARG_BROKER})
  endif()
  set(labels)
  if(ARG_LABELS)
    set(labels LABELS "${ARG_LABELS}")
  endif()
  set(filter)
  if(ARG_FILTER)
    set(filter TEST_FILTER ${ARG_FILTER})
  endif()
  gtest_discover_tests(${name} ${filter} DISCOVERY_TIMEOUT 60 PROPERTIES ${properties} ${labels})
  if(ARG_SLOW)
    gtest_discover_tests(${name} TEST_FILTER ${ARG_SLOW} DISCOVERY_TIMEOUT 60 TEST_LIST ${name}_slow
                         PROPERTIES ${properties} LABELS ${ARG_SLOW_LABEL})
  endif()
endfunction()

# tidings_program(NAME SOURCES ... [LINKS targets])
function(tidings_program name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE ${ARG_LINKS} tidings_options)
endfunction()

# The folders of the brokers that tests share: a plain one, and one with TLS, SASL and access lists.
set(TIDINGS_KAFKA_BROKER ${PROJECT_BINARY_DIR}/kafka-broker)
set(TIDINGS_KAFKA_SECURE_BROKER ${PROJECT_BINARY_DIR}/kafka-secure-broker)
set(TIDINGS_RABBITMQ_BROKER ${PROJECT_BINARY_DIR}/rabbitmq-broker)
set(TIDINGS_RABBITMQ_SECURE_BROKER ${PROJECT_BINARY_DIR}/rabbitmq-secure-broker)
