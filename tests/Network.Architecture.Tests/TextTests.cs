using System.Text.RegularExpressions;
using Xunit;

namespace Network.Architecture.Tests;

public sealed class TextTests
{
    private static readonly AllowList s_blocking = new(
        ("cni-plugin/Network.Cni/OtherProgram.cs", "a program of one thread, which belongs to the node's namespace; there is no pool"),
        ("controlplane/Network.Kubelet/Streaming/ExecRelay.cs", "runs on a thread of its own, because reading a pipe blocks"),
        ("controlplane/Network.Store/SqliteStore.cs", "the store's one writer is a thread of its own, because SQLite blocks"),
        ("overlay/Network.Capture/CaptureSession.cs", "disposing waits for the capture thread: libpcap's memory must not vanish below it"));

    private static readonly AllowList s_collecting = new(
        ("controlplane/Network.Host/Parts/MemoryKeeper.cs", "what a burst left is given back once the process is quiet: tens of megabytes in a daemon that then needs few"));

    private static readonly AllowList s_projectItems = new(
        ("controlplane/Network.Api/Network.Api.csproj", "opened by an item of the project file"),
        ("controlplane/Network.ApiServer/Network.ApiServer.csproj", "opened by an item of the project file"));

    [Theory]
    [InlineData(@"^\s*#region", "split the file instead of folding it")]
    [InlineData(@"\[DllImport", "use LibraryImport, which works without code made at run time")]
    [InlineData(@"\bNotImplementedException\b", "refuse by name what is not supported")]
    [InlineData(@"^\s*namespace [\w.]+\s*\{?\s*$", "use file-scoped namespaces")]
    public void Source_is_free_of(string pattern, string instead) => new AllowList().Check(
        instead, Matches(Repository.Product.Concat(Repository.Tests), pattern, file => file.Code));

    [Theory]
    [InlineData(@"\bProcess\.Start\(|\bnew Process\b|\bProcessStartInfo\b", "use Network.Linux Child or Command, which keep the thread's namespace")]
    [InlineData(@"\basync void\b", "return a Task: an exception there ends the process")]
    public void Product_is_free_of(string pattern, string instead) => new AllowList().Check(
        instead, Matches(Repository.Product, pattern, file => file.Code));

    [Theory]
    [InlineData(@"\b(TODO|FIXME|XXX|HACK)\b", "finish it or leave it out")]
    [InlineData(@"(^|[^\w.])/work/", "the product knows no machine in particular")]
    public void Product_comments_are_free_of(string pattern, string instead) => new AllowList().Check(
        instead, Matches(Repository.Product, pattern, file => file.Lines));

    [Theory]
    [InlineData(@"\[LibraryImport\b")]
    [InlineData(@"\[StructLayout\b")]
    [InlineData(@"\[FieldOffset\b")]
    public void Native_declarations_stand_in_Interop_folders(string pattern) => new AllowList().Check(
        "move native declarations to an Interop folder, the C prototype above them",
        Matches(Repository.Product.Where(file => !file.Path.Contains("/Interop/")), pattern, file => file.Code));

    [Fact]
    public void Garbage_is_the_runtimes_business() => s_collecting.Check(
        "let the runtime decide", Matches(Repository.Product.Concat(Repository.Tests), @"\bGC\.Collect\(", file => file.Code));

    [Fact]
    public void Product_never_blocks_a_thread_of_the_pool() => s_blocking.Check(
        "await instead of blocking a pool thread",
        Matches(Repository.Product, @"\.GetAwaiter\(\)\.GetResult\(\)|\w\.Result;|\.Wait\(\);", file => file.Code));

    [Fact]
    public void Internals_are_opened_in_AssemblyInfo_only() => s_projectItems.Check(
        "write InternalsVisibleTo in the room's AssemblyInfo.cs",
        Matches(Repository.Product.Where(file => file.Name != "AssemblyInfo.cs"), @"\bInternalsVisibleTo\b", file => file.Code)
            .Concat(Repository.Projects.Where(project => File.ReadAllText(Path.Combine(Repository.Root, project.Path)).Contains("InternalsVisibleTo"))
                .Select(project => (project.Path, "InternalsVisibleTo"))));


    private static IEnumerable<(string Where, string What)> Matches(IEnumerable<SourceFile> files, string pattern, Func<SourceFile, IReadOnlyList<string>> text)
    {
        var regex = new Regex(pattern, RegexOptions.Compiled);
        return files.SelectMany(file => text(file)
            .Select((line, index) => (line, index))
            .Where(pair => regex.IsMatch(pair.line))
            .Select(pair => (file.Path, $"line {pair.index + 1}: {pair.line.Trim()}")));
    }
}
