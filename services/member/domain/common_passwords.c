/* common_passwords.c - a short list of what published leaks have most of, in lower case
 * and of at least eight symbols; shorter ones are refused anyway. */
#include "services/member/domain/common_passwords.h"

#include <stddef.h>

static const char *const common[] = {
    "00112233",      "01234567",       "0987654321",   "10203040",    "1029384756",
    "11112222",      "1111aaaa",       "111222333",    "11223344",    "112233445566",
    "12121212",      "123123123",      "123123qwe",    "123321123",   "12341234",
    "12344321",      "123454321",      "1234554321",   "123456789",   "1234567890",
    "12345678910",   "123456789a",     "123456789q",   "12345678a",   "1234qwer",
    "123abc456",     "123qwe123",      "123qweasd",    "147258369",   "147852369",
    "159357456",     "159753456",      "1a2b3c4d",     "1a2s3d4f",    "1q2w3e4r",
    "1q2w3e4r!",     "1q2w3e4r5t",     "1q2w3e4r5t6y", "1qaz2wsx",    "1qaz2wsx3edc",
    "1qazxsw2",      "20202020",       "31415926",     "741852963",   "789456123",
    "98765432",      "987654321a",     "a12345678",    "a12345678!",  "a123456789",
    "a1b2c3d4",      "a1b2c3d4e5",     "aa123456",     "aa12345678",  "aa123456789",
    "aaaa1111",      "abc12345",       "abc123456",    "abc123abc",   "abc123def",
    "abcd1234",      "abcd12345",      "abcdefg1",     "abcdefgh1",   "abcdefghi",
    "access14",      "admin123",       "admin1234",    "admin12345",  "adminadmin",
    "administrator", "alexander",      "alexander1",   "amanda12",    "andrew12",
    "anthony1",      "apple123",       "arsenal1",     "asdf1234",    "asdf1234!",
    "asdf123456",    "asdfasdf",       "asdfghjk",     "asdfghjkl",   "asdfqwer",
    "ashley12",      "autumn2025",     "autumn2026",   "azerty123",   "azertyuiop",
    "babygirl",      "babygirl1",      "barcelona",    "baseball",    "baseball1",
    "basketball",    "batman123",      "beautiful",    "benjamin",    "blahblah",
    "blink182",      "butterfly",      "changeit",     "changeme",    "changeme1",
    "changeme123",   "charlie1",       "charlie123",   "cheesecake",  "chelsea1",
    "chevrolet",     "chocolate",      "christian",    "cinderella",  "cocacola",
    "computer",      "computer1",      "contrasena",   "contrasena1", "contraseña",
    "corvette",      "daniel12",       "daniel123",    "december",    "default1",
    "dkssudgktpdy",  "dragon12",       "dragon123",    "elizabeth",   "facebook",
    "facebook1",     "february",       "ferrari1",     "football",    "football1",
    "forever1",      "freedom1",       "freedom123",   "friday123",   "fuckyou1",
    "fuckyou123",    "fuckyou2",       "gabriel1",     "google123",   "gorgeous",
    "greenday",      "greenday1",      "guest1234",    "handsome",    "harley12",
    "hello123",      "hello1234",      "hellohello",   "helloworld",  "hunter12",
    "hunter123",     "ilovegod",       "ilovehim",     "iloveyou",    "iloveyou!",
    "iloveyou.",     "iloveyou1",      "iloveyou123",  "iloveyou2",   "infinity",
    "instagram",     "internet",       "isabella",     "january1",    "jasmine1",
    "jennifer",      "jennifer1",      "jessica1",     "jessica123",  "jonathan",
    "jordan23",      "joshua12",       "juventus",     "killer123",   "korea1234",
    "letmein1",      "letmein123",     "linkedin",     "liverpool",   "liverpool1",
    "login123",      "lollipop",       "lovelove",     "loveyou1",    "manchester",
    "marlboro",      "master12",       "master123",    "matthew1",    "mercedes",
    "metallica",     "michael1",       "michelle",     "michelle1",   "midnight",
    "monday123",     "monkey12",       "monkey123",    "motdepasse",  "mustang1",
    "mylove123",     "mypassword",     "newpassword",  "nicole12",    "nirvana1",
    "nopassword",    "november",       "oldpassword",  "p@ssw0rd",    "p@ssw0rd1",
    "p@ssw0rd123",   "p@ssword",       "pa$$w0rd",     "pa$$word",    "parola123",
    "passw0rd",      "passw0rd1",      "password",     "password!",   "password01",
    "password1",     "password1!",     "password12",   "password123", "password1234",
    "password12345", "password123456", "password2",    "password3",   "password99",
    "passwort",      "passwort1",      "patrick1",     "pineapple",   "pokemon1",
    "pokemon123",    "porsche1",       "precious",     "princess",    "princess1",
    "q1q1q1q1",      "q1w2e3r4",       "q1w2e3r4t5",   "qazwsx123",   "qazwsxedc",
    "qqww1122",      "qwaszx12",       "qwe123qwe",    "qweasdzxc",   "qwer1234",
    "qwer1234!",     "qwerqwer",       "qwert123",     "qwerty12",    "qwerty123",
    "qwerty1234",    "qwerty12345",    "qwerty123456", "qwertyui",    "qwertyuiop",
    "qwertyuiop123", "realmadrid",     "rlaehddn",     "robert12",    "rockstar",
    "root1234",      "rootroot",       "samantha",     "samsung1",    "samsung123",
    "scooby12",      "secret12",       "secret123",    "senha123",    "senha1234",
    "seoul1234",     "september",      "shadow12",     "shadow123",   "slipknot1",
    "snoopy12",      "spiderman",      "spring2024",   "spring2025",  "spring2026",
    "starwars",      "starwars1",      "stephanie",    "strawberry",  "summer12",
    "summer123",     "summer2023",     "summer2024",   "summer2025",  "summer2026",
    "sunshine",      "sunshine1",      "superman",     "superman1",   "superstar",
    "sweetheart",    "test1234",       "test12345",    "tester123",   "testing1",
    "testing123",    "testtest",       "thepassword",  "thomas12",    "tinkerbell",
    "tkfkdgo1",      "tkfkdgody",      "toor1234",     "topsecret",   "trustno1",
    "veronica",      "victoria",       "volleyball",   "wachtwoord",  "watermelon",
    "welcome!",      "welcome1",       "welcome12",    "welcome123",  "welcome1234",
    "whatever",      "whatever1",      "whiskers",     "william1",    "winter123",
    "winter2024",    "winter2025",     "winter2026",   "youtube1",    "zaq12wsx",
    "zaq1zaq1",      "zxcv1234",       "zxcvbnm1",     "zxcvbnm12",   "zxcvbnm123",
    "zxcvbnmz",
};

static char fold(char symbol)
{
    if (symbol >= 'A' && symbol <= 'Z') {
        return (char)(symbol - 'A' + 'a');
    }
    return symbol;
}

static bool is_same(const char *password, const char *listed)
{
    while (*listed != '\0' && fold(*password) == *listed) {
        password++;
        listed++;
    }
    return *password == *listed;
}

/* True if every symbol differs from the one before it by `step`. */
static bool is_run(const char *password, int step)
{
    size_t i = 1;

    while (password[i] != '\0' && fold(password[i]) - fold(password[i - 1]) == step) {
        i++;
    }
    return password[i] == '\0';
}

bool password_is_common(const char *password)
{
    if (password[0] == '\0' || is_run(password, 0) || is_run(password, 1) || is_run(password, -1)) {
        return true;
    }
    for (size_t i = 0; i < sizeof common / sizeof common[0]; i++) {
        if (is_same(password, common[i])) {
            return true;
        }
    }
    return false;
}
