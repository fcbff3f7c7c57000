/* proto_arena.h - protobuf messages in arenas.
 *
 * Unpacking takes all its memory from an arena, so that a message ends with its call
 * and nothing is freed by itself. When the arena is full, unpacking fails as it does
 * for a malformed message. Not thread-safe: an arena has one owner at a time. */
#ifndef JUMUN_COMMON_RPC_PROTO_ARENA_H
#define JUMUN_COMMON_RPC_PROTO_ARENA_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/base/arena.h"

/* Unpacks size bytes. NULL if they are no such message or the arena is full. */
ProtobufCMessage *proto_unpack(const ProtobufCMessageDescriptor *descriptor, const void *bytes,
                               size_t size, Arena *arena);

/* Packs into the arena. False, and nothing written, if it is full. */
bool proto_pack(const ProtobufCMessage *message, Arena *arena, void **ret_bytes, size_t *ret_size);

/* The same text for a field of a message that will only be packed: protobuf-c's structs
 * have no const, and packing does not write. */
char *proto_text(const char *text);

#endif
