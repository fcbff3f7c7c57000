# embed.cmake - a file as a C array: cmake -DIN=... -DOUT=... -DNAME=... -P embed.cmake
file(READ "${IN}" hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
string(REGEX REPLACE "((0x..,){16})" "\\1\n" bytes "${bytes}")
file(WRITE "${OUT}"
    "#include \"services/gateway/${NAME}.h\"\n"
    "const unsigned char ${NAME}_json[] = {\n${bytes}\n};\n"
    "const size_t ${NAME}_json_size = sizeof ${NAME}_json;\n")
