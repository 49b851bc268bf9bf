// A C program that asks for the size, offset or value of every name of an inventory.

import Foundation
import RigTools

/// Questions about names, one line of C for each.
struct Probe {
    struct Question: Hashable {
        /// What is asked, in the words of a report.
        let name: String
        /// A C expression, or several with commas between.
        let expressions: [String]
    }

    let questions: [Question]

    init(_ inventory: Inventory) {
        let records = inventory.records.flatMap { record in
            [Question(name: record.type, expressions: ["sizeof(\(record.type))"])]
                + record.fields.map { Self.question(about: $0, of: record) }
        }
        let types = inventory.types.map { Question(name: $0, expressions: ["sizeof(\($0))"]) }
        let constants = inventory.constants.map { Question(name: $0, expressions: [$0]) }
        questions = records + types + constants
    }

    private init(questions: [Question]) { self.questions = questions }

    private static func question(
        about field: Inventory.Field, of record: Inventory.Record
    ) -> Question {
        let offset = "offsetof(\(record.type), \(field.path))"
        let size = "sizeof(((\(record.type) *)0)->\(field.path))"
        return Question(
            name: "\(record.type).\(field.path)",
            expressions: field.isFlexible ? [offset] : [offset, size])
    }

    /// The questions that make no sense with `headers`: it has no such name.
    func unknown(to headers: Headers, with toolchain: Toolchain) async throws -> [Question] {
        let compiled = try await headers.compile(
            program(headers), ["-fsyntax-only", "-fno-caret-diagnostics"], with: toolchain)
        guard case .failure(let complaints) = compiled else { return [] }
        let first = headers.preamble.split(separator: "\n").count + Self.opening.count + 1
        let lines = Set(Self.lines(inComplaints: complaints.description))
        let unknown = questions.indices.filter { lines.contains($0 + first) }
        // A complaint about no question would otherwise pass for an answer.
        guard !unknown.isEmpty else { throw complaints }
        return unknown.map { questions[$0] }
    }

    /// The answers of `headers` to all questions, by name.
    func answers(of headers: Headers, with toolchain: Toolchain) async throws -> [String: String] {
        let directory = try TemporaryDirectory.make()
        defer { directory.remove() }
        let program = directory.appending("probe")
        let options = ["-o", program.path]
        _ = try await headers.compile(self.program(headers), options, with: toolchain).get()
        let lines = try await Command(program, []).run().output.split(separator: "\n")
        return Dictionary(
            zip(questions.map(\.name), lines.map(String.init)),
            uniquingKeysWith: { first, _ in first })
    }

    /// The probe without some of its questions.
    func without(_ removed: [Question]) -> Self {
        Self(questions: questions.filter { !removed.contains($0) })
    }

    private static let opening = ["#include <stddef.h>", "#include <stdio.h>", "int main(void) {"]

    private func program(_ headers: Headers) -> String {
        let lines = questions.map { question in
            let values = question.expressions.map { "(long long)(\($0))" }
            let format = values.map { _ in "%lld" }.joined(separator: " ")
            return "printf(\"\(format)\\n\", \(values.joined(separator: ", ")));"
        }
        return headers.preamble + (Self.opening + lines + ["}"]).joined(separator: "\n") + "\n"
    }

    /// The numbers of the lines in which `clang` found errors.
    private static func lines(inComplaints text: String) -> [Int] {
        text.split(separator: "\n").compactMap { line in
            let parts = line.split(separator: ":")
            guard parts.count > 3, parts[3] == " error", parts[0].hasSuffix("/probe.c") else {
                return nil
            }
            return Int(parts[1])
        }
    }
}
