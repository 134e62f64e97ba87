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
if(TIDINGS_SANITIZE)
  target_compile_options(tidings_options INTERFACE -fsanitize=${TIDINGS_SANITIZE} -fno-omit-frame-pointer)
  target_link_options(tidings_options INTERFACE -fsanitize=${TIDINGS_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # With sanitizers g++ warns of strings inside of optionals that are not there (its manual says so).
    target_compile_options(tidings_options INTERFACE -Wno-maybe-uninitialized)
  endif()
endif()

# What tests ask of the product to go wrong: named points to die at (src/transport/local/fault_plan.hpp), and flaws
# (src/base/flaw.hpp). Every source of a build sees the same; a build without tests has no trace of them.
if(TIDINGS_TESTS)
  add_compile_definitions(TIDINGS_FAULTS)
endif()

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

# tidings_test(NAME SOURCES ... [LINKS targets] [LABELS labels] [TIMEOUT seconds])
# One GoogleTest program; each of its tests is a ctest test of its own.
function(tidings_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;LINKS;LABELS" ${ARGN})
  find_package(GTest REQUIRED)
  include(GoogleTest)
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 60)
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE ${ARG_LINKS} GTest::gmock GTest::gtest_main tidings_options)
  if(ARG_LABELS)
    gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS "${ARG_LABELS}")
  else()
    gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT ${ARG_TIMEOUT})
  endif()
endfunction()

# tidings_program(NAME SOURCES ... [LINKS targets])
function(tidings_program name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE ${ARG_LINKS} tidings_options)
endfunction()
