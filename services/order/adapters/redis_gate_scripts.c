#include "services/order/adapters/redis_gate_scripts.h"

const char redis_gate_hold[] =
    "local n, stock, out = #ARGV / 2, redis.call('GET', KEYS[1]), {}\n"
    "if not stock then for i = 1, n + 1 do out[i] = -1 end return out end\n"
    "local left, ids, holds = tonumber(stock), {}, {}\n"
    "for i = 1, n do ids[i] = ARGV[2 * i - 1] end\n"
    "local held = redis.call('HMGET', KEYS[2], unpack(ids))\n"
    "for i = 1, n do\n"
    "  local qty = tonumber(ARGV[2 * i])\n"
    "  if held[i] then out[i] = 2\n"
    "  elseif left < qty then out[i] = 0\n"
    "  else\n"
    "    left, out[i] = left - qty, 1\n"
    "    holds[#holds + 1], holds[#holds + 2] = ids[i], ARGV[2 * i]\n"
    "  end\n"
    "end\n"
    "if #holds > 0 then\n"
    "  redis.call('SET', KEYS[1], string.format('%d', left))\n"
    "  redis.call('HSET', KEYS[2], unpack(holds))\n"
    "end\n"
    "out[n + 1] = left\n"
    "return out\n";

const char redis_gate_settle[] =
    "local n, ids = #ARGV / 2, {}\n"
    "for i = 1, n do ids[i] = ARGV[2 * i - 1] end\n"
    "local held, gone, done, back = redis.call('HMGET', KEYS[2], unpack(ids)), {}, {}, 0\n"
    "for i = 1, n do\n"
    "  if held[i] and not done[ids[i]] then\n"
    "    gone[#gone + 1], done[ids[i]] = ids[i], true\n"
    "    if ARGV[2 * i] == '1' then back = back + tonumber(held[i]) end\n"
    "  end\n"
    "end\n"
    "if #gone > 0 then redis.call('HDEL', KEYS[2], unpack(gone)) end\n"
    "if back > 0 and redis.call('EXISTS', KEYS[1]) == 1 then\n"
    "  redis.call('INCRBY', KEYS[1], string.format('%d', back))\n"
    "end\n"
    "return #gone\n";

const char redis_gate_inspect[] =
    "local all, limit, max = redis.call('HGETALL', KEYS[2]), ARGV[1], 2 * tonumber(ARGV[2])\n"
    "local young, old, told = 0, {}, {}\n"
    "for i = 1, #all, 2 do\n"
    "  local id = all[i]\n"
    "  if #id < #limit or (#id == #limit and id < limit) then\n"
    "    old[#old + 1], old[#old + 2] = id, all[i + 1]\n"
    "  else young = young + 1 end\n"
    "end\n"
    "local from = #old > max and 2 * tonumber(ARGV[3]) % #old or 0\n"
    "for i = 0, math.min(#old, max) - 1 do told[i + 1] = old[(from + i) % #old + 1] end\n"
    "return { redis.call('GET', KEYS[1]), young, told }\n";

const char redis_gate_correct[] = "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end\n"
                                  "redis.call('SET', KEYS[1], ARGV[2])\n"
                                  "return 1\n";
