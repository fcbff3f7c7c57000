#include "common/rpc/proto_arena.h"

static void *allocate(void *arena, size_t size)
{
    return arena_alloc(arena, size);
}

static void leave(void *arena, void *memory)
{
    (void)arena;
    (void)memory; /* goes with the arena */
}

ProtobufCMessage *proto_unpack(const ProtobufCMessageDescriptor *descriptor, const void *bytes,
                               size_t size, Arena *arena)
{
    ProtobufCAllocator allocator = { allocate, leave, arena };

    return protobuf_c_message_unpack(descriptor, &allocator, size, bytes);
}

bool proto_pack(const ProtobufCMessage *message, Arena *arena, void **ret_bytes, size_t *ret_size)
{
    size_t size = protobuf_c_message_get_packed_size(message);
    void *bytes = arena_alloc(arena, size);

    if (bytes == NULL) {
        return false;
    }
    *ret_size = protobuf_c_message_pack(message, bytes);
    *ret_bytes = bytes;
    return true;
}

char *proto_text(const char *text)
{
    union {
        const char *in;
        char *out;
    } same = { .in = text };

    return same.out;
}
