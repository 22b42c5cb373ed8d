using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;
using Network.Netlink;
using Network.TestKit;
using Xunit;

namespace Network.Overlay.Tests.Netlink;

/// <summary>The C compiler, not we, says what the kernel headers say.</summary>
public sealed class KernelHeaderTests
{
    private const string Includes = """
        #include <assert.h>
        #include <stddef.h>
        #include <sys/socket.h>
        #include <poll.h>
        #include <net/if.h>
        #include <linux/ip.h>
        #include <linux/netlink.h>
        #include <linux/rtnetlink.h>
        #include <linux/if_link.h>
        #include <linux/if_addr.h>
        #include <linux/neighbour.h>
        #include <linux/veth.h>
        #include <linux/netfilter.h>
        #include <linux/netfilter/nfnetlink.h>
        #include <linux/netfilter/nf_tables.h>
        #include <linux/netfilter/nf_tables_compat.h>
        #include <linux/netfilter/nf_nat.h>
        #include <linux/netfilter/nf_conntrack_common.h>
        #include <linux/netfilter/nfnetlink_conntrack.h>
        #include <linux/genetlink.h>
        #include <linux/ethtool_netlink.h>
        #include <linux/wireguard.h>
        #include <linux/pkt_sched.h>
        #include <linux/pkt_cls.h>
        #include <linux/tc_act/tc_mirred.h>
        #ifndef IFALIASZ
        #define IFALIASZ 256
        #endif

        """;

    private static readonly Assembly s_product = typeof(RouteSocket).Assembly;

    [Fact]
    public void Interop_constants_and_layouts_equal_the_kernel_headers()
    {
        Requires.Tool("gcc");
        var source = new StringBuilder(Includes);
        var checks = AddConstants(source) + AddStructs(source);
        var folder = Directory.CreateTempSubdirectory("kernel-headers");
        try
        {
            var file = Path.Combine(folder.FullName, "check.c");
            File.WriteAllText(file, source.ToString());
            Shell.Run("gcc", "-std=gnu11", "-D_GNU_SOURCE", "-fsyntax-only", file);
        }
        finally
        {
            folder.Delete(recursive: true);
        }

        Assert.True(checks > 150, $"only {checks} checks were generated");
    }

    [Fact]
    public void File_state_is_read_where_the_headers_put_it()
    {
        Requires.Tool("gcc");
        var libC = typeof(global::Network.Linux.FileDescriptor).Assembly.GetType("Network.Linux.Interop.LibC")!;
        var statx = libC.GetNestedType("Statx", BindingFlags.NonPublic)!;
        var source = new StringBuilder("#include <stddef.h>\n#include <fcntl.h>\n#include <sys/stat.h>\n");
        source.Append($"_Static_assert(sizeof(struct statx) == {Marshal.SizeOf(statx)}, \"size\");\n");
        foreach (var (field, member) in ((string, string)[])[("stx_size", "stx_size"), ("stx_mtime_tv_sec", "stx_mtime.tv_sec"), ("stx_mtime_tv_nsec", "stx_mtime.tv_nsec")])
            source.Append($"_Static_assert(offsetof(struct statx, {member}) == {Marshal.OffsetOf(statx, field)}, \"{member}\");\n");
        foreach (var name in (string[])["AT_EMPTY_PATH", "STATX_MTIME", "STATX_SIZE"])
            source.Append($"_Static_assert({name} == {libC.GetField(name, BindingFlags.Static | BindingFlags.NonPublic)!.GetRawConstantValue()}, \"{name}\");\n");
        var folder = Directory.CreateTempSubdirectory("file-headers");
        try
        {
            File.WriteAllText(Path.Combine(folder.FullName, "check.c"), source.ToString());
            Shell.Run("gcc", "-std=gnu11", "-D_GNU_SOURCE", "-fsyntax-only", Path.Combine(folder.FullName, "check.c"));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static int AddConstants(StringBuilder source)
    {
        var count = 0;
        foreach (var field in s_product.GetTypes().Where(type => type.Namespace == "Network.Netlink.Interop" && type.Name.EndsWith('H'))
            .SelectMany(type => type.GetFields(BindingFlags.Static | BindingFlags.NonPublic)).Where(field => field.IsLiteral))
        {
            source.Append($"_Static_assert(({field.Name}) == {field.GetRawConstantValue()}, \"{field.Name}\");\n");
            count++;
        }

        return count;
    }

    private static int AddStructs(StringBuilder source)
    {
        var count = 0;
        foreach (var type in s_product.GetTypes().Where(type => type is { Namespace: "Network.Netlink.Interop", IsValueType: true }))
        {
            source.Append($"_Static_assert(sizeof(struct {type.Name}) == {Marshal.SizeOf(type)}, \"{type.Name}\");\n");
            count++;
            foreach (var field in type.GetFields(BindingFlags.Instance | BindingFlags.NonPublic))
            {
                source.Append($"_Static_assert(offsetof(struct {type.Name}, {field.Name}) == {Marshal.OffsetOf(type, field.Name)}, \"{type.Name}.{field.Name}\");\n");
                count++;
            }
        }

        return count;
    }
}
