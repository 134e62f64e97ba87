# What users get: libtidings.so and libtidings.a, both of the objects of the rooms, with what finds them
# (docs/adr/0027).

# Raised when a program that was linked with an older library cannot run with this one; with it the name in tidings.map.
set(TIDINGS_ABI 0)

set(tidings_transports local memory)
foreach(transport kafka rabbitmq)
  if(TARGET tidings::${transport})
    list(APPEND tidings_transports ${transport})
  endif()
endforeach()

# Linked by whoever links libtidings.a; TidingsConfig.cmake.in has the same by the names of CMake.
set(tidings_static_flags "-lfmt -lspdlog -lsimdjson -lprometheus-cpp-core -ltomlplusplus -lcpp-httplib -lsqlite3 -llmdb")
if(TARGET tidings::kafka)
  string(APPEND tidings_static_flags " -lrdkafka")
endif()
if(TARGET tidings::rabbitmq)
  string(APPEND tidings_static_flags " -lrabbitmq -lssl -lcrypto")
endif()

function(tidings_library target kind)
  add_library(${target} ${kind})
  foreach(room base sim event transport driver text ${tidings_transports} linked pipeline outbox telemetry configuration service
          testing)
    target_sources(${target} PRIVATE $<TARGET_OBJECTS:tidings_${room}>)
  endforeach()
  set_target_properties(${target} PROPERTIES OUTPUT_NAME tidings LINKER_LANGUAGE CXX
    LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib ARCHIVE_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib
    VERSION ${PROJECT_VERSION} SOVERSION ${TIDINGS_ABI})
  target_include_directories(${target} INTERFACE $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>)
  target_compile_features(${target} INTERFACE cxx_std_20)
  target_link_libraries(${target} PUBLIC tl::expected Boost::headers Threads::Threads)
endfunction()

set(map ${PROJECT_SOURCE_DIR}/cmake/tidings.map)
tidings_library(tidings_shared SHARED)
target_link_options(tidings_shared PRIVATE LINKER:--version-script=${map} LINKER:-z,defs)
set_target_properties(tidings_shared PROPERTIES LINK_DEPENDS ${map} EXPORT_NAME tidings)
# The objects are there already: of these come the libraries that they need.
target_link_libraries(tidings_shared PRIVATE $<BUILD_INTERFACE:tidings_testing> $<BUILD_INTERFACE:tidings_outbox> tidings_options)
add_library(tidings::tidings ALIAS tidings_shared)

tidings_library(tidings_static STATIC)
set_target_properties(tidings_static PROPERTIES EXPORT_NAME static)

# ---- installing

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/Tidings)

install(TARGETS tidings_shared EXPORT TidingsTargets
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT library NAMELINK_COMPONENT dev
  INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(TARGETS tidings_static EXPORT TidingsStaticTargets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT dev
  INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
# CMake strips programs and shared libraries alone.
install(CODE "
  if(CMAKE_INSTALL_DO_STRIP)
    execute_process(COMMAND \"${CMAKE_STRIP}\" --strip-debug --enable-deterministic-archives --remove-section=.comment
      \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_LIBDIR}/libtidings.a\" COMMAND_ERROR_IS_FATAL ANY)
  endif()" COMPONENT dev)
foreach(export TidingsTargets TidingsStaticTargets)
  install(EXPORT ${export} NAMESPACE tidings:: DESTINATION ${package_dir} COMPONENT dev)
endforeach()
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/tidings DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT dev
  FILES_MATCHING PATTERN *.hpp)

configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/TidingsConfig.cmake.in ${PROJECT_BINARY_DIR}/TidingsConfig.cmake
  INSTALL_DESTINATION ${package_dir} NO_SET_AND_CHECK_MACRO NO_CHECK_REQUIRED_COMPONENTS_MACRO)
# Until 1.0 a minor version may change what programs are written against.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/TidingsConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/TidingsConfig.cmake ${PROJECT_BINARY_DIR}/TidingsConfigVersion.cmake
  DESTINATION ${package_dir} COMPONENT dev)

# The folder is found from where tidings.pc lies, so that the installed tree can be moved.
file(RELATIVE_PATH tidings_pc_up /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(${PROJECT_SOURCE_DIR}/cmake/tidings.pc.in ${PROJECT_BINARY_DIR}/tidings.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/tidings.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT dev)
