using System.Text.RegularExpressions;
using Xunit;

namespace Network.Architecture.Tests;

public sealed partial class SizeTests
{
    private const int MostFileLines = 500;
    private const int MostMethodLines = 60;
    private const int MostConstructorParameters = 6;

    private static readonly AllowList s_longFiles = new();
    private static readonly AllowList s_longMethods = new();
    private static readonly AllowList s_wideConstructors = new();

    [Fact]
    public void Product_files_have_at_most_500_lines() => s_longFiles.Check(
        $"split files longer than {MostFileLines} lines (aim at 250)",
        Repository.Product.Where(file => file.Lines.Count > MostFileLines).Select(file => (file.Path, $"{file.Lines.Count} lines")));

    [Fact]
    public void Methods_are_shorter_than_60_lines() => s_longMethods.Check(
        $"split methods of {MostMethodLines} lines and more",
        Repository.Product.Concat(Repository.Tests).SelectMany(file => file.Members()
            .Where(member => member.Kind == MemberKind.Method && member.Length >= MostMethodLines)
            .Select(member => ($"{file.Path}:{NameOf(member)}", $"{member.Length} lines from line {member.FirstLine}"))));

    [Fact]
    public void Constructors_of_classes_take_at_most_6_parameters() => s_wideConstructors.Check(
        $"give what a class needs as one record instead of more than {MostConstructorParameters} parameters",
        Repository.Product.SelectMany(file => file.Types.Concat(file.Members())
            .Where(member => IsConstructor(member) && Parameters(member.Header) > MostConstructorParameters)
            .Select(member => ($"{file.Path}:{NameOf(member)}", $"{Parameters(member.Header)} parameters in line {member.FirstLine}"))));

    [Fact]
    public void Reader_of_sources_finds_the_lines_of_methods_in_nested_types_and_skips_strings()
    {
        var file = SourceFile.Parse("A.cs", """"
            namespace A;

            /// <summary>Text.</summary>
            public sealed class Outer(int a, Func<int, string> b)
            {
                private readonly string _text = """
                    void NotAMethod()
                    {
                """;

                // Why.
                [Fact]
                public int Short(int x) =>
                    x;

                private sealed class Inner
                {
                    internal Inner(int a) // why
                    {
                        if (a > 0)
                            Go("}");
                    }
                }
            }
            """");

        Assert.Equal(["Outer"], file.Types.Select(NameOf));
        Assert.Equal(2, Parameters(file.Types[0].Header));
        Assert.Equal([("Short", 2), ("Inner", 5)],
            file.Members().Where(member => member.Kind == MemberKind.Method).Select(member => (NameOf(member), member.Length)));
    }

    private static string NameOf(Member member) => DeclaredName().Match(member.Header).Groups["name"].Value;

    private static bool IsConstructor(Member member) => member.Kind == MemberKind.Type
        ? ClassWithParameters().IsMatch(member.Header)
        : member.Kind == MemberKind.Method && ConstructorHeader().IsMatch(member.Header);

    private static int Parameters(string header)
    {
        var depth = 0;
        var commas = 0;
        for (var i = header.IndexOf('(', StringComparison.Ordinal); i < header.Length; i++)
        {
            if (header[i] is '(' or '<' or '[')
                depth++;
            else if (header[i] is ')' or '>' or ']' && --depth == 0)
                return header[i - 1] == '(' ? 0 : commas + 1;
            else if (header[i] == ',' && depth == 1)
                commas++;
        }

        return commas + 1;
    }

    [GeneratedRegex(@"(\b(class|record struct|record|struct|interface|enum) (?<name>\w+))|((?<name>\w+)(<[^(]*>)?\()|(?<name>\w+)$")]
    private static partial Regex DeclaredName();

    [GeneratedRegex(@"^([a-z]+ )*class \w+(<[^(]*>)?\(")]
    private static partial Regex ClassWithParameters();

    [GeneratedRegex(@"^(public|internal|private|protected) \w+\(")]
    private static partial Regex ConstructorHeader();
}
