using Network.Linux;
using Xunit;

namespace Network.Kernel.Tests.ProcessImages;

public sealed class ProcessImageTests
{
    [Fact]
    public void Only_mappings_without_a_page_of_their_own_are_given_back()
    {
        string Part(string range, string mode, string path, int rss, int anonymous) =>
            $"{range} {mode} 00000000 fe:00 123                    {path}\nSize:               1600 kB\nRss:                {rss} kB\nPss:                   8 kB\nAnonymous:          {anonymous} kB\nVmFlags: rd ex mr mw me";
        var smaps = string.Join('\n',
            Part("00400000-00404000", "r--p", "/opt/pod net", 16, 0),
            Part("00404000-018a3000", "r-xp", "/opt/pod net", 10416, 0),
            Part("02098000-02099000", "r--p", "/opt/pod net", 4, 4),
            Part("0287c000-03ed3000", "rw-p", "/opt/pod net", 15620, 0),
            Part("7f0000000000-7f0000100000", "r-xp", "/usr/lib/libc.so.6", 900, 0),
            "7f1100000000-7f1100001000 r--p 00000000 00:00 0 \nRss:                4 kB\nAnonymous:          0 kB");
        Assert.Equal([new MappedPart(0x400000, 0x404000, 16 << 10), new MappedPart(0x404000, 0x18a3000, 10416 << 10)], ProcessImage.Clean(smaps.Split('\n'), "/opt/pod net"));
    }

    [Fact]
    public void The_process_goes_on_without_its_pages()
    {
        Assert.True(ProcessImage.Release() > 0);
        Assert.Equal(Environment.ProcessId, int.Parse(Path.GetFileName(File.ResolveLinkTarget("/proc/self", returnFinalTarget: false)!.FullName)));
    }
}
