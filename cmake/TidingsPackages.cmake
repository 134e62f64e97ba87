# Debian packages, by `cpack -G DEB`: libtidings0, libtidings-dev, tidings-tools. scripts/package makes those of a release.

# Compressed, as Debian wants them.
set(compressed)
foreach(source CHANGELOG.md:changelog tools/tidings/tidings.1:tidings.1)
  string(REGEX MATCH "^(.*):(.*)$" both ${source})
  set(made ${PROJECT_BINARY_DIR}/${CMAKE_MATCH_2}.gz)
  set(from ${PROJECT_SOURCE_DIR}/${CMAKE_MATCH_1})
  add_custom_command(OUTPUT ${made} COMMAND gzip -9nc ${from} > ${made} DEPENDS ${from})
  list(APPEND compressed ${made})
endforeach()
add_custom_target(tidings_documents ALL DEPENDS ${compressed})
install(FILES ${PROJECT_BINARY_DIR}/tidings.1.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT tools)

set(library_package libtidings${TIDINGS_ABI})
foreach(component library dev tools)
  set(package ${library_package})
  if(component STREQUAL dev)
    set(package libtidings-dev)
  elseif(component STREQUAL tools)
    set(package tidings-tools)
  endif()
  install(FILES ${PROJECT_SOURCE_DIR}/cmake/copyright ${PROJECT_BINARY_DIR}/changelog.gz
    DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${package}
    COMPONENT ${component})
  string(TOUPPER ${component} upper)
  set(CPACK_DEBIAN_${upper}_PACKAGE_NAME ${package})
endforeach()

set(CPACK_PACKAGE_NAME tidings)
set(CPACK_PACKAGE_VENDOR "The Tidings project")
set(CPACK_PACKAGE_CONTACT "The Tidings project <tidings@invalid>")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_COMPONENTS_ALL library dev tools)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_ENABLE_COMPONENT_DEPENDS ON)

set(CPACK_COMPONENT_LIBRARY_DESCRIPTION "services that talk by events: the library
Tidings gives C++ services delivery guarantees, retries, dead letters and
replay, on a directory, Apache Kafka or RabbitMQ.")
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS_POLICY ">=")  # symbols are added within one ABI
set(CPACK_DEBIAN_LIBRARY_PACKAGE_CONTROL_EXTRA ${CMAKE_CURRENT_LIST_DIR}/triggers)  # ldconfig

set(CPACK_COMPONENT_DEV_DESCRIPTION "services that talk by events: headers and static library
What programs are compiled with; find_package(Tidings) and pkg-config find it.")
set(CPACK_COMPONENT_DEV_DEPENDS library)
set(CPACK_DEBIAN_DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEV_PACKAGE_DEPENDS "libboost1.81-dev, libexpected-dev")
# For libtidings.a alone.
set(static_packages libfmt-dev libspdlog-dev libsimdjson-dev prometheus-cpp-dev libtomlplusplus-dev libcpp-httplib-dev
  libsqlite3-dev liblmdb-dev pkg-config)
if(TARGET tidings::kafka)
  list(APPEND static_packages librdkafka-dev)
endif()
if(TARGET tidings::rabbitmq)
  list(APPEND static_packages librabbitmq-dev libssl-dev)
endif()
list(JOIN static_packages ", " static_packages)
set(CPACK_DEBIAN_DEV_PACKAGE_SUGGESTS "${static_packages}, tidings-tools, cmake, libgtest-dev")

set(CPACK_COMPONENT_TOOLS_DESCRIPTION "services that talk by events: the command line
Looks at events on their way, and repairs what is stuck.")
set(CPACK_DEBIAN_TOOLS_PACKAGE_SECTION utils)
set(CPACK_DEBIAN_TOOLS_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_TOOLS_PACKAGE_SUGGESTS "libtidings-dev, rabbitmq-server, openjdk-17-jre-headless, maven, openssl")

include(CPack)
