# Runs an example and compares what it prints, line by line: cmake -DPROGRAM=... -DARGUMENTS=... -DSTORE=DIR
# -DEXPECTED=FILE -P check_output.cmake. STORE is a directory of its own, empty at first.
file(REMOVE_RECURSE ${STORE})
file(MAKE_DIRECTORY ${STORE})
execute_process(COMMAND ${PROGRAM} ${ARGUMENTS} WORKING_DIRECTORY ${STORE} OUTPUT_VARIABLE printed
                ERROR_VARIABLE errors RESULT_VARIABLE code)
file(READ ${EXPECTED} expected)
if(NOT code EQUAL 0 OR NOT printed STREQUAL expected)
  message(FATAL_ERROR "exit code ${code}\nprinted:\n${printed}\nexpected:\n${expected}\nerrors:\n${errors}")
endif()
