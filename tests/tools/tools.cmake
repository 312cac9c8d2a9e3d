# What sanitizers and Valgrind find with the installed library. gcc's sanitizers name lines without a helper
# program; clang's need llvm-symbolizer.
function(tool_program program)
  add_executable(${program} tools/${program}.c)
  target_compile_options(${program} PRIVATE -fno-omit-frame-pointer -Wno-unused-value ${ARGN})
  target_link_options(${program} PRIVATE ${ARGN})
  target_link_libraries(${program} mempool_bulk::mempool_bulk Threads::Threads)
  file(STRINGS tools/${program}.c tests REGEX "^TEST\\(")
  foreach(line ${tests})
    string(REGEX REPLACE "^TEST\\(([A-Za-z0-9_]+)\\).*" "\\1" name ${line})
    add_test(NAME ${program}.${name} COMMAND ${program} ${name})
    set_tests_properties(${program}.${name} PROPERTIES TIMEOUT 120 SKIP_RETURN_CODE 77)
  endforeach()
endfunction()

if(NOT MEMPOOL_BULK_VALGRIND AND MEMPOOL_BULK_SANITIZE STREQUAL "")
  tool_program(asan -fsanitize=address)
  tool_program(tsan -fsanitize=thread)
  # Valgrind 3.19 does not read what clang 14 writes by itself.
  tool_program(memcheck -gdwarf-4)
endif()
